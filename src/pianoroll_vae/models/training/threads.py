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
    waiting, errors, stop = deque(iterators), list[BaseException](), threading.Event()
    ended = threading.Semaphore(0)

    def work() -> None:
        try:
            with around():
                advance()
        finally:
            ended.release()

    def advance() -> None:
        while not stop.is_set():
            try:
                iterator = waiting.popleft()
            except IndexError:
                return
            try:
                next(iterator)
            except StopIteration:
                continue
            except BaseException as error:
                errors.append(error)
                stop.set()
            waiting.append(iterator)

    workers = [threading.Thread(target=work, name=f"worker {number}") for number in range(min(threads, len(iterators)))]
    begun = over = 0
    try:
        for worker in workers:
            worker.start()
            begun += 1
        while over < begun:  # not join(): a Ctrl-C inside it makes Python 3.11 forget a running thread
            ended.acquire()
            over += 1
    finally:
        stop.set()
        for _ in range(begun - over):
            ended.acquire()
        for worker in workers[:begun]:
            worker.join()
    if errors:
        raise errors[0]
