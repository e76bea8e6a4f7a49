"""A pool of worker processes that reads untrusted files in order and in bounded memory.

A file that crashes its worker, or takes too long, fails alone: the worker is replaced, the file is tried once more, and
then reported as a `ReadFailure`.
"""

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import chain, islice
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
"""Batches per worker that may be sent before the oldest one is finished; this bounds memory."""
SPAWN = multiprocessing.get_context("spawn")
"""Processes that begin empty, on every system."""


@dataclass(frozen=True)
class ReadFailure:
    """A file that could not be read, and why."""

    reason: str


class WorkerJob(Protocol[Item_contra, Result_co]):
    """Reads each file, then combines the files of a batch. It is pickled for the workers."""

    def read(self, item: Item_contra) -> Any:
        """The content of a file; raises VaemusicError if it cannot be read."""

    def pack(self, items: Sequence[Item_contra], parts: Sequence[Any]) -> Result_co:
        """The result of a batch: `parts` has what `read` returned for each item, or `ReadFailure`."""


def cores() -> int:
    """The number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_in_workers(
    job: WorkerJob[Item, Result_co], batches: Iterable[Sequence[Item]], workers: int
) -> Iterator[Result_co]:
    """The result of every batch, in order. Without workers (0) the files are read in this process; there are no more of
    them than batches, as each takes a quarter of a second to start."""
    if workers < 1:
        for items in batches:
            yield job.pack(items, [_read(job, item) for item in items])
        return
    coming = iter(batches)
    first = list(islice(coming, workers))
    if not first:
        return
    pool = _WorkerPool(job, len(first))
    try:
        yield from pool.results(chain(first, coming))
    finally:
        pool.close()


def _read(job: WorkerJob[Any, Any], item: Any) -> Any:
    try:
        return job.read(item)
    except VaemusicError as error:
        return ReadFailure(error.message)
    except MemoryError:
        return ReadFailure("needs more memory than there is")
    except Exception as bug:  # one file among thousands must not end the run; the report shows the error
        return ReadFailure(f"cannot be read: unexpected {type(bug).__name__}: {bug}")


@dataclass
class _Batch:
    number: int
    items: Sequence[Any]
    failures: dict[int, str] = field(default_factory=dict)
    """Indices of items that are not read again, and the reasons."""

    crashes: dict[int, int] = field(default_factory=dict)
    """How often a worker crashed or timed out, by index of the item."""


class _Worker:
    def __init__(self, job: WorkerJob[Any, Any]) -> None:
        self.current_item = SPAWN.RawValue("i", -1)
        self.connection, worker_connection = SPAWN.Pipe()
        self.process = SPAWN.Process(target=_run_worker, args=(job, worker_connection, self.current_item), daemon=True)
        with interrupts_blocked():
            self.process.start()
        worker_connection.close()
        self.batches: deque[_Batch] = deque()
        self.last_position = (-1, -1)
        self.position_since = time.monotonic()

    def send(self, batch: _Batch) -> None:
        self.batches.append(batch)
        self.connection.send((batch.items, batch.failures))

    def timed_out(self) -> bool:
        """Whether it has been reading the same file for too long."""
        position = (self.batches[0].number if self.batches else -1, self.current_item.value)
        if position != self.last_position or position[1] < 0:
            self.last_position, self.position_since = position, time.monotonic()
        return time.monotonic() - self.position_since > FILE_TIMEOUT_SECONDS


class _WorkerPool(Generic[Result_co]):
    def __init__(self, job: WorkerJob[Any, Result_co], workers: int) -> None:
        self._job = job
        self._workers = [_Worker(job) for _ in range(workers)]
        self._retries: deque[_Batch] = deque()
        self._start_failures = 0

    def results(self, batches: Iterable[Sequence[Any]]) -> Iterator[Result_co]:
        pending = (_Batch(number, items) for number, items in enumerate(batches))
        done: dict[int, Result_co] = {}
        sent = yielded = 0
        exhausted = False
        while True:
            for worker in sorted(self._workers, key=lambda w: len(w.batches)):
                while len(worker.batches) < 2 and (self._retries or not exhausted):
                    if not self._retries and sent - yielded >= MAX_BATCHES_AHEAD * len(self._workers):
                        break
                    batch = self._retries.popleft() if self._retries else next(pending, None)
                    if batch is None:
                        exhausted = True
                        break
                    sent = max(sent, batch.number + 1)
                    self._send(worker, batch)
            if exhausted and yielded == sent:
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
        with suppress(BrokenPipeError, ConnectionResetError):  # it has died, which _collect handles
            worker.send(batch)

    def _collect(self, done: dict[int, Result_co]) -> None:
        """Wait up to a second for results; replace workers that died or timed out."""
        ready = wait([worker.connection for worker in self._workers], timeout=1.0)
        for index, worker in enumerate(self._workers):
            if worker.connection in ready:
                try:
                    result = worker.connection.recv()
                except (EOFError, OSError):
                    self._workers[index] = self._replace(worker, "crashes its worker process")
                else:
                    done[worker.batches.popleft().number] = result
            elif worker.timed_out():
                self._workers[index] = self._replace(worker, f"takes more than {FILE_TIMEOUT_SECONDS:.0f} s to read")

    def _replace(self, worker: _Worker, reason: str) -> _Worker:
        """A new worker in place of one; its batches are retried, without an item that failed too often."""
        worker.process.kill()
        worker.process.join()
        worker.connection.close()
        item = worker.current_item.value
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
def interrupts_blocked() -> Iterator[None]:
    """Block Ctrl-C in processes started here: before they ignore the signal, one would die with a traceback."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # starting it later would reset the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run_worker(job: WorkerJob[Any, Any], connection: "Connection[Any, Any]", current_item: Any) -> None:
    """The main loop of a worker: receives batches, sends results, until the connection is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process handles Ctrl-C
    try:
        while True:
            items, failures = connection.recv()
            parts: list[Any] = []
            for number, item in enumerate(items):
                current_item.value = number
                parts.append(ReadFailure(failures[number]) if number in failures else _read(job, item))
            result = job.pack(items, parts)
            current_item.value = -1
            connection.send(result)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
