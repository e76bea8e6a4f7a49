"""A worker's process is ended at any moment, also while it is being started."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
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
