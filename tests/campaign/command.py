"""Runs commands in processes of their own, with limits of memory, time and file size, and can kill them.

Processes are forked from this one, which has imported what commands need and run each once: a command takes
milliseconds. Commands that only read may share a process, which is replaced when one of them ends it.
"""

import contextlib
import fcntl
import functools
import gc
import importlib
import os
import pkgutil
import resource
import select
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import typer.main

from pianoroll_vae import cli, listen, stages
from pianoroll_vae.cli.app import main
from pianoroll_vae.errors import VaemusicError

MEMORY = 1 << 30
"""Bytes that a command may take beside what this process has taken."""

OUTPUT_BYTES = 1 << 20
SECONDS = 300.0
"""After which a command hangs: long, because other programs may use the same cores; `--hang` changes it."""

RESULT = struct.Struct("<Bqq")
"""An exit status, and how much has been written to stdout and stderr."""

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


def build_commands_once() -> None:
    """Typer otherwise builds all commands whenever it runs one of them."""
    typer.main.get_command = functools.cache(typer.main.get_command)


def warm_up(command: Command, folder: Path) -> None:
    """Run a command in this process, so that what it loads once is loaded before processes are forked."""
    here, words = Path.cwd(), sys.argv
    os.chdir(folder)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    kept = os.dup(1), os.dup(2)
    try:
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        with contextlib.suppress(SystemExit):
            command()
    finally:
        sys.stdout.flush()
        for stream, file in zip((1, 2), kept, strict=True):
            os.dup2(file, stream)
            os.close(file)
        os.close(nowhere)
        os.chdir(here)
        sys.argv = words
    gc.collect()
    gc.freeze()  # a forked process then shares these objects for as long as it lives


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
    _enter(folder, to_out, to_err)
    if file_size is not None:
        limit_file_size(file_size)
    os._exit(_status_of(command))


def _enter(folder: Path, out: int, err: int) -> None:
    """In a forked process: a group of its own, its output in these files, its memory limited."""
    os.setsid()
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.stdout = open(1, "w", closefd=False, errors="replace")  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False, errors="backslashreplace")  # noqa: SIM115
    os.chdir(folder)
    limit = _virtual_memory() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def limit_file_size(size: int) -> None:
    """No file of this process can grow beyond `size` bytes, as on a full disk. Bytecode is not written: Python would
    leave a module's file cut off there, for good."""
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _status_of(command: Command) -> int:
    """Run a command to its end in this process; its exit status."""
    status = 1
    try:
        command()
        status = 0
    except VaemusicError as error:
        print(f"Error: {error.message}", file=sys.stderr)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        with contextlib.suppress(BaseException):
            traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    return status & 0xFF


def run_each(commands: Sequence[Command], folder: Path) -> Iterator[Outcome]:
    """The outcome of each of several commands that read. They share a process until one of them ends it or hangs."""
    while commands:
        done = 0
        for outcome in _run_in_one_process(commands, folder):
            done += 1
            yield outcome
        commands = commands[done:]


def _run_in_one_process(commands: Sequence[Command], folder: Path) -> Iterator[Outcome]:
    """Outcomes up to that of the command, if there is one, that ends the process."""
    out, err = os.memfd_create("out"), os.memfd_create("err")
    results, to_results = os.pipe()
    process = os.fork()
    if not process:
        os.close(results)
        _enter(folder, out, err)
        for command in commands:
            os.chdir(folder)
            status = _status_of(command)
            os.write(to_results, RESULT.pack(status, *(os.lseek(stream, 0, os.SEEK_CUR) for stream in (1, 2))))
        os._exit(0)
    os.close(to_results)
    begins = 0, 0
    try:
        for _ in commands:
            began = time.monotonic()
            ready, _, _ = select.select([results], [], [], SECONDS)
            result = os.read(results, RESULT.size) if ready else b""
            if result:
                code, *ends = RESULT.unpack(result)
            else:
                if not ready:
                    _kill_group(process)
                code = _code_of(process) if ready else None
                ends = [begin + OUTPUT_BYTES for begin in begins]
            spans = zip((out, err), begins, ends, strict=True)
            out_text, err_text = (_text(os.pread(file, end - begin, begin)) for file, begin, end in spans)
            begins = ends[0], ends[1]
            yield Outcome(code, out_text, err_text, time.monotonic() - began, 0)
            if not result:
                return
    finally:
        _kill_group(process)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(process, 0)
        for file in (out, err, results):
            os.close(file)


def _code_of(process: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def _kill_group(process: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)


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
            _kill_group(process)
            _, status, usage = os.wait4(process, 0)
            break
        time.sleep(0.001)
    seconds = time.monotonic() - began
    code = os.waitstatus_to_exitcode(status)
    hung = code == KILLED and kill_after is None
    out, err = (_read_pipe(pipe) for pipe in (running.out, running.err))
    return Outcome(None if hung else code, out, err, seconds, usage.ru_maxrss >> 10)


def run(command: Command, folder: Path, kill_after: float | None = None, file_size: int | None = None) -> Outcome:
    return finish(start(command, folder, file_size), kill_after)


def run_together(commands: Sequence[Command], folder: Path) -> list[Outcome]:
    """The outcomes of commands that run at the same time in the same folder."""
    return [finish(running) for running in [start(command, folder) for command in commands]]


def _read_pipe(pipe: int) -> str:
    """What is in a pipe, which is closed."""
    with contextlib.suppress(BlockingIOError), open(pipe, "rb", buffering=0) as file:
        return _text(file.read(OUTPUT_BYTES) or b"")
    return ""


def _text(output: bytes) -> str:
    return output.decode(errors="replace")


def _virtual_memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
