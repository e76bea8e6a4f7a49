"""Runs a command in a process of its own, with limits of memory, time and file size, and can kill it.

Processes are forked from this one, which has imported what commands need: a command takes milliseconds.
"""

import contextlib
import fcntl
import importlib
import os
import pkgutil
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pianoroll_vae import cli, listen, stages
from pianoroll_vae.cli.app import main
from pianoroll_vae.errors import VaemusicError

MEMORY = 1 << 30
"""Bytes that a command may take beside what this process has taken."""

OUTPUT_BYTES = 1 << 20
SECONDS = 60.0
KILLED = -signal.SIGKILL


@dataclass(frozen=True)
class Outcome:
    """How a command ended. status: negative is the number of a signal; None: it was still running after `SECONDS`."""

    status: int | None
    out: str
    err: str
    seconds: float
    mebibytes: int

    @property
    def fault(self) -> str:
        """Why it did not end well; empty where it did what was asked, or gave one message."""
        if self.status is None:
            return f"hangs: more than {SECONDS:.0f} s"
        if self.status < 0:
            return f"dies of {signal.Signals(-self.status).name}"
        if "Traceback" in self.err or "MemoryError" in self.err:
            return f"traceback: {self.err.strip().splitlines()[-1][:200]}"
        if self.status != 0 and "Error" not in self.err and "Usage:" not in self.err:
            return f"status {self.status} without a message"
        if "\x1b" in self.out + self.err:
            return "a raw escape sequence in the output"
        return ""


Command = Callable[[], None]


def import_commands() -> None:
    """All that commands import when they run."""
    for room in (cli, stages, listen):
        for module in pkgutil.iter_modules(room.__path__):
            if module.name != "studio":
                importlib.import_module(f"{room.__name__}.{module.name}")


def vaemusic(*words: str | Path) -> Command:
    """A command line."""

    def run() -> None:
        sys.argv = ["vaemusic", *map(str, words)]
        main()

    return run


class Running(NamedTuple):
    """A process, and where its output and its errors can be read."""

    process: int
    out: int
    err: int


def start(command: Command, folder: Path, file_size: int | None = None) -> Running:
    """A process that runs the command; `finish` waits for it."""
    (out, to_out), (err, to_err) = os.pipe(), os.pipe()
    for pipe in (out, err):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, OUTPUT_BYTES)
        os.set_blocking(pipe, False)
    process = os.fork()
    if process:
        os.close(to_out)
        os.close(to_err)
        return Running(process, out, err)
    status = 1
    try:
        os.setsid()
        os.dup2(to_out, 1)
        os.dup2(to_err, 2)
        sys.stdout = open(1, "w", closefd=False, errors="replace")  # noqa: SIM115
        sys.stderr = open(2, "w", closefd=False, errors="backslashreplace")  # noqa: SIM115
        os.chdir(folder)
        limit = _virtual_memory() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        if file_size is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
        command()
        status = 0
    except VaemusicError as error:
        print(f"Error: {error.message}", file=sys.stderr)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        with contextlib.suppress(BaseException):
            traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status & 0xFF)


def finish(running: Running, kill_after: float | None = None) -> Outcome:
    """Wait for a process, and kill it and its workers after some seconds."""
    process = running.process
    began = time.monotonic()
    until = SECONDS if kill_after is None else kill_after
    while True:
        ended, status, usage = os.wait4(process, os.WNOHANG)
        if ended:
            break
        if time.monotonic() - began > until:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)
            _, status, usage = os.wait4(process, 0)
            break
        time.sleep(0.001)
    seconds = time.monotonic() - began
    code = os.waitstatus_to_exitcode(status)
    hung = code == KILLED and kill_after is None
    out, err = (_read(pipe) for pipe in (running.out, running.err))
    return Outcome(None if hung else code, out, err, seconds, usage.ru_maxrss >> 10)


def run(command: Command, folder: Path, kill_after: float | None = None, file_size: int | None = None) -> Outcome:
    return finish(start(command, folder, file_size), kill_after)


def run_together(commands: Sequence[Command], folder: Path) -> list[Outcome]:
    """The outcomes of commands that run at the same time in the same folder."""
    return [finish(running) for running in [start(command, folder) for command in commands]]


def _read(pipe: int) -> str:
    """What is in a pipe, which is closed."""
    with contextlib.suppress(BlockingIOError), open(pipe, "rb", buffering=0) as file:
        return (file.read(OUTPUT_BYTES) or b"").decode(errors="replace")
    return ""


def _virtual_memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
