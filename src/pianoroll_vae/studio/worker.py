"""A process that works for the server, one call at a time; it can be stopped at any moment and starts anew by itself.

Sampling and synthesis hold Python's lock for seconds at a time, and cannot be interrupted. In a process of their own
they neither slow the server down nor outlive a cancel.
"""

import asyncio
import signal
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Protocol

from pianoroll_vae.errors import VaemusicError
from pianoroll_vae.sources.worker_pool import SPAWN

READY, PROGRESS, DONE, FAILED = "ready", "progress", "done", "failed"


class WorkStopped(VaemusicError):
    """The work was cancelled, or its process ended."""


OnProgress = Callable[[dict[str, Any]], None]
"""Called in the server with what the work answers before its result."""


class SendProgress(Protocol):
    """Called by the work with its progress, as a dictionary for the page."""

    def __call__(self, **progress: Any) -> None: ...


class Work(Protocol):
    """Picklable; `start` is called once in the process, then `call` for each request. Their results are sent back."""

    def start(self) -> Any: ...

    def call(self, request: Any, send_progress: SendProgress) -> Any: ...


class Worker:
    """The server's end of the process."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.ready = False
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._lock = asyncio.Lock()
        self._started_with: Any = None
        self._closed = self._stopped = False

    async def warm(self) -> Any:
        """Start the process, wait until it can work, and return the result of the work's `start`."""
        async with self._lock:
            await self._started()
            return self._started_with

    async def call(self, request: Any, on_progress: OnProgress = lambda progress: None) -> Any:
        """The result of a request, after those that came before it."""
        async with self._lock:
            connection = await self._started()
            try:
                await asyncio.to_thread(connection.send, request)
                while True:
                    kind, content = await asyncio.to_thread(connection.recv)
                    if kind == DONE:
                        return content
                    if kind == FAILED:
                        raise content
                    on_progress(content)
            except (EOFError, OSError):
                self.stop()
                raise WorkStopped("The work was stopped.", "Nothing was changed.") from None

    def close(self) -> None:
        """End the process for good, also one that is just being started."""
        self._closed = True
        self.stop()

    def stop(self) -> None:
        """End the process at once, also one that is just being started; the next call starts another."""
        self.ready, self._stopped = False, True
        if self._process is not None:
            self._process.kill()
        self._process = None

    async def _started(self) -> Connection:
        if self._closed:
            raise WorkStopped("The studio is closing.", "Start it again: vaemusic studio.")
        if self._process is None or not self._process.is_alive() or self._connection is None:
            if self._connection is not None:
                self._connection.close()
            self._connection, other = SPAWN.Pipe()
            process = SPAWN.Process(target=_serve, args=(self.work, other), daemon=True)
            self._process, self._stopped = None, self._closed
            await asyncio.to_thread(process.start)
            other.close()
            if self._stopped:  # meanwhile, when there was no process yet that could be ended
                process.kill()
            self._process = process
        while not self.ready:
            try:
                kind, content = await asyncio.to_thread(self._connection.recv)
            except (EOFError, OSError):
                self.stop()
                raise WorkStopped("The work was stopped while it started.", "Try again.") from None
            if kind == FAILED:
                self.stop()
                raise content
            self.ready, self._started_with = kind == READY, content
        return self._connection


def _serve(work: Work, connection: Connection) -> None:
    """The process: answers requests until the server is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # at Ctrl-C the server ends this process
    try:
        if _answer(connection, READY, work.start):
            while True:
                request = connection.recv()
                _answer(connection, DONE, partial(work.call, request, _progress(connection)))
    except (EOFError, OSError):  # the server is gone
        return


def _progress(connection: Connection) -> SendProgress:
    def send_progress(**progress: Any) -> None:
        connection.send((PROGRESS, progress))

    return send_progress


def _answer(connection: Connection, kind: str, work: Callable[[], Any]) -> bool:
    try:
        result = work()
    except VaemusicError as error:
        connection.send((FAILED, error))
        return False
    except Exception as error:  # a bug: the server shows it, and the process goes on
        connection.send((FAILED, RuntimeError(f"{type(error).__name__}: {error}")))
        return False
    connection.send((kind, result))
    return True
