"""Iterators are exhausted on threads; the first error, or Ctrl-C, stops all threads."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from pianoroll_vae.models.training.threads import run_in_threads


def piece(log: list[int], turns: int, seconds: float = 0.0) -> Iterator[None]:
    for turn in range(turns):
        time.sleep(seconds)
        log.append(turn)
        yield


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_iterator_is_exhausted(threads: int) -> None:
    logs: list[list[int]] = [[] for _ in range(4)]
    run_in_threads([piece(log, 3) for log in logs], threads)
    assert logs == [[0, 1, 2]] * 4


def test_the_first_error_stops_all() -> None:
    def broken() -> Iterator[None]:
        yield
        raise ValueError("broken")

    log: list[int] = []
    with pytest.raises(ValueError, match="broken"):
        run_in_threads([broken(), piece(log, 1000, 0.001)], 2)
    assert len(log) < 1000


def test_after_ctrl_c_no_thread_runs() -> None:
    def interrupting() -> Iterator[None]:
        yield
        os.kill(os.getpid(), signal.SIGINT)
        yield

    log: list[int] = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # the shell may have set it to be ignored
    try:
        with pytest.raises(KeyboardInterrupt):
            run_in_threads([piece(log, 1000, 0.1), interrupting()], 2)
    finally:
        signal.signal(signal.SIGINT, before)
    done = len(log)
    time.sleep(0.3)
    assert len(log) == done < 1000
