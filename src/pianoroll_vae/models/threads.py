"""Independent pieces of work that take turns on a few threads.

Each piece is computed by one thread at a time and always in the same way: how many threads there are changes no bit.
Knows nothing of the work.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext


def run_in_threads(
    pieces: Sequence[Iterator[None]], threads: int, around: Callable[[], AbstractContextManager[object]] = nullcontext
) -> None:
    """Exhaust all iterators; each `next` is a turn. The first error ends all of them and is raised. around: what each
    thread works in."""
    waiting, errors, stop = deque(pieces), list[BaseException](), threading.Event()
    ended = threading.Semaphore(0)

    def work() -> None:
        try:
            with around():
                take()
        finally:
            ended.release()

    def take() -> None:
        while not stop.is_set():
            try:
                piece = waiting.popleft()
            except IndexError:
                return
            try:
                next(piece)
            except StopIteration:
                continue
            except BaseException as error:
                errors.append(error)
                stop.set()
            waiting.append(piece)

    workers = [threading.Thread(target=work, name=f"turn {number}") for number in range(min(threads, len(pieces)))]
    begun = over = 0
    try:
        for worker in workers:
            worker.start()
            begun += 1
        while over < begun:  # no join(): Ctrl-C in there lets Python 3.11 forget a thread that is still at work
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
