"""Runs independent iterators on a few threads.

Each iterator is advanced by one thread at a time, so that the number of threads does not change its result.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext


def run_in_threads(
    iterators: Sequence[Iterator[None]],
    threads: int,
    around: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> None:
    """Exhaust all iterators. The first error stops all threads and is raised. Each thread runs inside `around()`."""
    work = _SharedQueue(iterators, around)
    workers = [
        threading.Thread(target=work.run, name=f"worker {number}") for number in range(min(threads, len(iterators)))
    ]
    started = ended = 0
    try:
        for worker in workers:
            worker.start()
            started += 1
        while ended < started:  # not join(): a Ctrl-C inside it makes Python 3.11 forget a running thread
            work.ended.acquire()
            ended += 1
    finally:
        work.stop.set()
        for _ in range(started - ended):
            work.ended.acquire()
        for worker in workers[:started]:
            worker.join()
    if work.errors:
        raise work.errors[0]


class _SharedQueue:
    """The iterators that no thread advances now, and how the threads stop."""

    def __init__(
        self, iterators: Sequence[Iterator[None]], around: Callable[[], AbstractContextManager[object]]
    ) -> None:
        self.waiting, self.around = deque(iterators), around
        self.errors, self.stop = list[BaseException](), threading.Event()
        self.ended = threading.Semaphore(0)
        """Released by each thread as it ends."""

    def run(self) -> None:
        """What each thread does."""
        try:
            with self.around():
                self._advance_iterators()
        finally:
            self.ended.release()

    def _advance_iterators(self) -> None:
        while not self.stop.is_set():
            try:
                iterator = self.waiting.popleft()
            except IndexError:
                return
            try:
                next(iterator)
            except StopIteration:
                continue
            except BaseException as error:
                self.errors.append(error)
                self.stop.set()
            self.waiting.append(iterator)
