"""A worker's process is ended at any moment, also while it is being started."""

import asyncio
import os
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pianoroll_vae.errors import VaemusicError
from pianoroll_vae.studio.worker import SendProgress, Worker


class Echo:
    """Answers with what it is asked."""

    def start(self) -> str:
        return "started"

    def call(self, request: Any, send_progress: SendProgress) -> Any:
        return request


class Count:
    """Counts to a number, or says nothing for ever once it has made a file; answers with its process."""

    def start(self) -> None: ...

    def call(self, request: int | Path, send_progress: SendProgress) -> int:
        if isinstance(request, Path):
            request.touch()
            time.sleep(10**6)
        else:
            for number in range(request):
                send_progress(number=number)
                time.sleep(0.01)
        return os.getpid()


def result_of(work: Coroutine[Any, Any, Any]) -> Any:
    """In a thread of its own: where a browser was opened before, an event loop runs in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def test_a_process_that_is_being_started_is_stopped_and_the_next_call_starts_another() -> None:
    async def run() -> Any:
        worker = Worker(Echo())
        starting = asyncio.create_task(worker.warm())
        await asyncio.sleep(0)  # until its process is being started by another thread
        worker.stop()
        with pytest.raises(VaemusicError, match="was stopped"):
            await starting
        answer = await worker.call("again")
        worker.close()
        return answer

    assert result_of(run()) == "again"


def test_a_worker_that_is_closed_while_it_starts_leaves_no_process() -> None:
    async def run() -> None:
        worker = Worker(Echo())
        starting = asyncio.create_task(worker.warm())
        await asyncio.sleep(0)
        worker.close()
        with pytest.raises(VaemusicError, match="was stopped"):
            await starting
        with pytest.raises(VaemusicError, match="closing"):
            await worker.call("more")

    result_of(run())


def test_a_cancel_ends_all_calls_at_their_next_progress_or_else_with_the_process(tmp_path: Path) -> None:
    async def run() -> None:
        worker = Worker(Count())
        process = await worker.call(1)
        begun = asyncio.Event()
        counting = asyncio.create_task(worker.call(10**6, lambda progress: begun.set()))
        waiting = asyncio.create_task(worker.call(1))
        await begun.wait()
        worker.cancel()
        for cancelled in (counting, waiting):
            with pytest.raises(VaemusicError, match="was"):
                await cancelled
        assert worker.ready and await worker.call(1) == process

        silent = asyncio.create_task(worker.call(tmp_path / "begun"))
        while not (tmp_path / "begun").exists():
            await asyncio.sleep(0.01)
        worker.cancel()
        with pytest.raises(VaemusicError, match="was stopped"):
            await silent
        assert await worker.call(1) != process
        worker.cancel()  # when there is nothing to cancel
        await worker.call(1)
        worker.close()

    result_of(run())
