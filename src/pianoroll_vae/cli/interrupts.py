"""Ends a command within a second of Ctrl-C, also where its main thread runs compiled code.

Python raises KeyboardInterrupt only between two of its own instructions: a call into compiled code, such as a loop of
PyTorch or the synthesizer, would first run to its end. So a second thread waits for the signal, and ends the process
where the main thread does not. Files are written under temporary names, so no output is half written; the temporary
files are removed.
"""

import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

from pianoroll_vae.atomic_files import remove_parts

COMPILED_CODE_SECONDS = 0.6
"""After which a main thread that has not raised KeyboardInterrupt is in compiled code."""

OTHER_THREADS_SECONDS = 1.5
"""After which a main thread that has raised it waits for compiled code in other threads."""

STOPPED = 130
"""The exit status."""


def end_process() -> None:
    """Remove the temporary files and end, without waiting for any thread."""
    remove_parts()
    cursor = "\x1b[?25h" if os.isatty(2) else ""  # a progress bar hides it
    os.write(2, f"{cursor}\n· Stopped.\n".encode())
    os._exit(STOPPED)


def leave_stopped() -> NoReturn:
    """End at once: what Python and its libraries tidy up at the end takes up to half a second."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(STOPPED)


@contextmanager
def stopping_promptly(end: Callable[[], None] = end_process) -> Iterator[None]:
    """Call `end` where the block goes on after Ctrl-C. Does nothing where Ctrl-C is ignored or not ours to handle."""
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if sys.platform == "win32" or not ours or threading.current_thread() is not threading.main_thread():
        yield
        return
    raised = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> Any:
        raised.set()
        signal.default_int_handler(number, frame)

    signals, to_signals = os.pipe()
    os.set_blocking(to_signals, False)
    watcher = threading.Thread(target=_watch, args=(signals, raised, end), name="interrupts", daemon=True)
    before = signal.set_wakeup_fd(to_signals, warn_on_full_buffer=False)
    signal.signal(signal.SIGINT, interrupt)
    watcher.start()
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is interrupt:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.set_wakeup_fd(before)
        os.close(to_signals)  # which ends the watcher
        watcher.join()


def _watch(signals: int, raised: threading.Event, end: Callable[[], None]) -> None:
    """Wait for the signal, then for the end of the block; call `end` where that does not come."""
    try:
        while number := os.read(signals, 1):
            if number[0] != signal.SIGINT:
                continue
            if _is_over(signals, COMPILED_CODE_SECONDS):
                return
            if not raised.is_set() or not _is_over(signals, OTHER_THREADS_SECONDS - COMPILED_CODE_SECONDS):
                end()
                return
    finally:
        os.close(signals)


def _is_over(signals: int, seconds: float) -> bool:
    """Whether the other end of the pipe is closed within that time."""
    ready, _, _ = select.select([signals], [], [], seconds)
    return bool(ready) and not os.read(signals, 1)
