"""A crew of processes that reads many files nobody has vouched for, in order and in bounded memory.

A file that crashes its reader or keeps it busy for ever costs that file, not the run: the worker is replaced and, when
the same file does it again, the file is given up with a reason. Knows nothing of what is read.
"""

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, Protocol, TypeVar

from pianoroll_vae.errors import VaemusicError

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)
Result_co = TypeVar("Result_co", covariant=True)

FILE_TIMEOUT_SECONDS = 120.0
MAX_ATTEMPTS = 2
MAX_BATCHES_AHEAD = 4
"""Batches a worker may be ahead of the slowest: what bounds memory."""
_context = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class ReadFailure:
    """A file that could not be read, and why."""

    reason: str


class WorkerJob(Protocol[Item_contra, Result_co]):
    """What to do with each file, and then with all of a batch together. Travels to the workers by pickle."""

    def read(self, item: Item_contra) -> Any:
        """What a file holds, or a VaemusicError."""

    def pack(self, items: Sequence[Item_contra], parts: Sequence[Any]) -> Result_co:
        """What goes back: `parts` has what `read` returned for each item, or Unread."""


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_in_workers(
    job: WorkerJob[Item, Result_co], batches: Iterable[Sequence[Item]], workers: int
) -> Iterator[Result_co]:
    """The result of every batch, in order, whatever the number of workers; none (0) means in this very process."""
    if workers < 1:
        for items in batches:
            yield job.pack(items, [_read(job, item) for item in items])
        return
    crew = _WorkerPool(job, workers)
    try:
        yield from crew.map_in_workers(batches)
    finally:
        crew.close()


def _read(job: WorkerJob[Any, Any], item: Any) -> Any:
    try:
        return job.read(item)
    except VaemusicError as error:
        return ReadFailure(error.message)
    except MemoryError:
        return ReadFailure("takes more memory than there is")
    except Exception as bug:  # one odd file among thousands must not end the run; the report shows what happened
        return ReadFailure(f"cannot be read: unexpected {type(bug).__name__}: {bug}")


@dataclass
class _Batch:
    number: int
    items: Sequence[Any]
    failures: dict[int, str] = field(default_factory=dict)
    """Items not to be read again, and why."""

    crashes: dict[int, int] = field(default_factory=dict)
    """How many workers died while they read an item."""


class _Worker:
    def __init__(self, job: WorkerJob[Any, Any]) -> None:
        self.current = _context.RawValue("i", -1)
        self.connection, theirs = _context.Pipe()
        self.process = _context.Process(target=_run_worker, args=(job, theirs, self.current), daemon=True)
        with _interrupts_blocked():
            self.process.start()
        theirs.close()
        self.batches: deque[_Batch] = deque()
        self.seen = (-1, -1)
        self.since = time.monotonic()

    def take(self, batch: _Batch) -> None:
        self.batches.append(batch)
        self.connection.send((batch.items, batch.failures))

    def timed_out(self) -> bool:
        """Whether it has been at the same file for too long."""
        now = (self.batches[0].number if self.batches else -1, self.current.value)
        if now != self.seen or now[1] < 0:
            self.seen, self.since = now, time.monotonic()
        return time.monotonic() - self.since > FILE_TIMEOUT_SECONDS


class _WorkerPool(Generic[Result_co]):
    def __init__(self, job: WorkerJob[Any, Result_co], workers: int) -> None:
        self._job = job
        self._workers = [_Worker(job) for _ in range(workers)]
        self._retries: deque[_Batch] = deque()
        self._start_failures = 0

    def map_in_workers(self, batches: Iterable[Sequence[Any]]) -> Iterator[Result_co]:
        coming = (_Batch(number, items) for number, items in enumerate(batches))
        done: dict[int, Result_co] = {}
        given = yielded = 0
        exhausted = False
        while True:
            for worker in sorted(self._workers, key=lambda w: len(w.batches)):
                while len(worker.batches) < 2 and (self._retries or not exhausted):
                    if not self._retries and given - yielded >= MAX_BATCHES_AHEAD * len(self._workers):
                        break
                    batch = self._retries.popleft() if self._retries else next(coming, None)
                    if batch is None:
                        exhausted = True
                        break
                    given = max(given, batch.number + 1)
                    self._send(worker, batch)
            if exhausted and yielded == given:
                return
            self._collect(done)
            while yielded in done:
                yield done.pop(yielded)
                yielded += 1

    def close(self) -> None:
        for worker in self._workers:
            worker.process.kill()
            worker.connection.close()
            worker.process.join()

    def _send(self, worker: _Worker, batch: _Batch) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # it has died: _collect notices
            worker.take(batch)

    def _collect(self, done: dict[int, Result_co]) -> None:
        """Wait for something to happen: a result, a death, or a worker that needs to be stopped."""
        ready = wait([worker.connection for worker in self._workers], timeout=1.0)
        for place, worker in enumerate(self._workers):
            if worker.connection in ready:
                try:
                    result = worker.connection.recv()
                except (EOFError, OSError):
                    self._workers[place] = self._replace(worker, "crashes its reader")
                else:
                    done[worker.batches.popleft().number] = result
            elif worker.timed_out():
                self._workers[place] = self._replace(worker, f"takes more than {FILE_TIMEOUT_SECONDS:.0f} s to read")

    def _replace(self, worker: _Worker, reason: str) -> _Worker:
        """A new worker for one that died or must; what it had in hand is done again, without the file that did it."""
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
        item = worker.current.value
        if item < 0 or not worker.batches:
            self._start_failures += 1
            if self._start_failures > 3:
                raise RuntimeError(f"worker processes cannot start (exit status {worker.process.exitcode})")
        else:
            batch = worker.batches[0]
            batch.crashes[item] = batch.crashes.get(item, 0) + 1
            if batch.crashes[item] >= MAX_ATTEMPTS:
                batch.failures[item] = reason
        self._retries.extend(worker.batches)
        return _Worker(self._job)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Processes that are started here never hear Ctrl-C: before it could ignore it, one would die of it, loudly."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # which would undo the mask when the first process is started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run_worker(job: WorkerJob[Any, Any], connection: "Connection[Any, Any]", current: Any) -> None:
    """A worker's life: batches in, results out, until nobody is at the other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us
    try:
        while True:
            items, failures = connection.recv()
            parts: list[Any] = []
            for number, item in enumerate(items):
                current.value = number
                parts.append(ReadFailure(failures[number]) if number in failures else _read(job, item))
            result = job.pack(items, parts)
            current.value = -1
            connection.send(result)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
