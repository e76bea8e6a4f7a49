"""Independent pieces of work that take turns on a few threads, each thread with its share of the cores.

One instrument's network needs nothing of another's, so two cores train two of them without ever waiting for each
other, where two cores on one matrix product would meet a thousand times a second. Each piece is computed by one thread
at a time and always in the same way: how many threads there are changes no bit. Knows nothing of the work.
"""

import threading
from collections import deque
from collections.abc import Iterator, Sequence

import torch


def take_turns(pieces: Sequence[Iterator[None]], threads: int | None = None) -> None:
    """Exhaust all iterators; each `next` is a turn. The first error ends all of them and is raised."""
    cores = torch.get_num_threads()
    threads = max(1, min(threads or cores, len(pieces)))
    waiting, errors, stop = deque(pieces), list[BaseException](), threading.Event()
    ended = threading.Semaphore(0)

    def work() -> None:
        try:
            take()
        finally:
            ended.release()

    def take() -> None:
        torch.set_num_threads(max(1, cores // threads))
        torch.set_flush_denormal(True)
        while not stop.is_set():
            try:
                piece = waiting.popleft()
            except IndexError:
                return
            try:
                with torch.no_grad():
                    next(piece)
            except StopIteration:
                continue
            except BaseException as error:
                errors.append(error)
                stop.set()
            waiting.append(piece)

    workers = [threading.Thread(target=work, name=f"turn {number}") for number in range(threads)]
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
        torch.set_num_threads(cores)
    if errors:
        raise errors[0]
