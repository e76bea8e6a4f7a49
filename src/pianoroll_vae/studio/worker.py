"""A process that works for the server, one call at a time; it can be stopped at any moment and starts anew by itself.

Sampling and synthesis hold Python's lock for seconds at a time. In a process of their own they do not slow the server
down. Work that is cancelled ends when it next tells its progress, and the process, which takes seconds to start, stays
for the next call; where it tells nothing soon, the process is ended.
"""

import asyncio
import gc
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, Protocol

from pianoroll_vae.errors import VaemusicError
from pianoroll_vae.sources.worker_pool import SPAWN

READY, PROGRESS, DONE, FAILED = "ready", "progress", "done", "failed"
CALL, CANCEL = "call", "cancel"

GRACE_SECONDS = 1.5
"""In which work that is cancelled may end by itself: as long as another process takes to start."""


class WorkStopped(VaemusicError):
    """The work was cancelled, or its process ended."""


class _Cancelled(BaseException):
    """Ends the work from within; no error, so that nothing that handles errors goes on."""


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
        self._calls = self._cancels = 0
        self._answering: Connection | None = None
        """That of the process while a call is being answered."""

    async def warm(self) -> Any:
        """Start the process, wait until it can work, and return the result of the work's `start`."""
        async with self._lock:
            await self._started()
            return self._started_with

    async def call(self, request: Any, on_progress: OnProgress = lambda progress: None) -> Any:
        """The result of a request, after those that came before it."""
        cancels = self._cancels
        async with self._lock:
            connection = await self._started()
            try:
                if self._cancels == cancels:
                    await asyncio.to_thread(connection.send, (CALL, request))
                    self._calls, self._answering = self._calls + 1, connection
                    if self._cancels != cancels:
                        self._interrupt(connection)
                    return await _answer_of(connection, on_progress)
            except (EOFError, OSError):
                self.stop()
            finally:
                self._answering = None
            raise WorkStopped("The work was stopped.", "Nothing was changed.")

    def cancel(self) -> None:
        """End the calls that were begun; the process stays where it ends its work soon."""
        self._cancels += 1
        if self._answering is not None:
            self._interrupt(self._answering)

    def _interrupt(self, connection: Connection) -> None:
        call = self._calls

        def stop() -> None:
            if self._calls == call and self._answering is connection:
                self.stop()

        with suppress(OSError):  # it has ended
            connection.send((CANCEL, None))
        asyncio.get_running_loop().call_later(GRACE_SECONDS, stop)

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


async def _answer_of(connection: Connection, on_progress: OnProgress) -> Any:
    while True:
        kind, content = await asyncio.to_thread(connection.recv)
        if kind == DONE:
            return content
        if kind == FAILED:
            raise content
        on_progress(content)


def _serve(work: Work, connection: Connection) -> None:
    """The process: answers requests until the server is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # at Ctrl-C the server ends this process
    gc.disable()  # while libraries are imported there is much to look through, and next to nothing to free
    try:
        ready = _answer(connection, READY, work.start)
        gc.enable()
        gc.freeze()
        if ready:
            while True:
                kind, request = connection.recv()
                if kind == CALL:  # else what was to be cancelled had ended
                    _answer(connection, DONE, partial(work.call, request, _progress(connection)))
    except (EOFError, OSError):  # the server is gone
        return


def _progress(connection: Connection) -> SendProgress:
    def send_progress(**progress: Any) -> None:
        connection.send((PROGRESS, progress))
        if connection.poll():  # while a call is answered, nothing but a cancel comes
            connection.recv()
            raise _Cancelled

    return send_progress


def _answer(connection: Connection, kind: str, work: Callable[[], Any]) -> bool:
    try:
        result = work()
    except _Cancelled:
        connection.send((FAILED, WorkStopped("The work was cancelled.", "Nothing was changed.")))
        return False
    except VaemusicError as error:
        connection.send((FAILED, error))
        return False
    except Exception as error:  # a bug: the server shows it, and the process goes on
        connection.send((FAILED, RuntimeError(f"{type(error).__name__}: {error}")))
        return False
    connection.send((kind, result))
    return True
