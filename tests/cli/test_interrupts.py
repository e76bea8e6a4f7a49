"""A command ends within a second of Ctrl-C, also where its main thread is in compiled code."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from pianoroll_vae.cli.interrupts import COMPILED_CODE_SECONDS, OTHER_THREADS_SECONDS, stopping_promptly


@pytest.fixture(autouse=True)
def default_handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # the shell may have set it to be ignored
    yield
    signal.signal(signal.SIGINT, before)


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_block_that_ends_by_itself_is_left_alone() -> None:
    ended: list[int] = []
    with pytest.raises(KeyboardInterrupt), stopping_promptly(lambda: ended.append(1)):
        press_ctrl_c()
        time.sleep(5)
    assert not ended
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    with stopping_promptly():
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_compiled_code_that_does_not_hear_the_signal_is_ended() -> None:
    ended: list[float] = []
    read, write = os.pipe()

    def end() -> None:
        ended.append(time.monotonic())
        os.write(write, b"x")  # lets the compiled code return

    began = time.monotonic()
    threading.Timer(0.1, press_ctrl_c).start()
    with pytest.raises(KeyboardInterrupt), stopping_promptly(end):
        # As compiled code does, this waits with the signal blocked for the main thread alone.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            os.read(read, 1)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    assert COMPILED_CODE_SECONDS <= ended[0] - began < 5
    os.close(read)
    os.close(write)


def test_a_block_that_hears_the_signal_but_waits_for_others_is_ended() -> None:
    ended = threading.Event()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt), stopping_promptly(ended.set):
        try:
            press_ctrl_c()
            time.sleep(5)
        finally:
            ended.wait(5)
    assert OTHER_THREADS_SECONDS <= time.monotonic() - began < 4


def test_an_ignored_signal_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with stopping_promptly():
        press_ctrl_c()
