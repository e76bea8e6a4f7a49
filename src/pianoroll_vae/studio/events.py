"""Server-sent events: what happens in the studio, to every page that is open."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

MAX_WAITING = 256
"""Events that a page may lag behind before it is let go; its browser connects again and reads the state."""

KEEP_ALIVE_SECONDS = 15.0


class Events:
    """Sends each event to all listeners."""

    def __init__(self) -> None:
        self._queues: set[asyncio.Queue[str | None]] = set()
        self.closed = False

    def send(self, kind: str, content: Any) -> None:
        line = f"event: {kind}\ndata: {json.dumps(content)}\n\n"
        for queue in list(self._queues):
            if queue.qsize() >= MAX_WAITING:
                self._queues.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(line)

    def close(self) -> None:
        """End all streams, so that the server can stop at once."""
        self.closed = True
        for queue in self._queues:
            queue.put_nowait(None)

    async def listen(self) -> AsyncIterator[str]:
        """The events from now on, as text of a stream."""
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._queues.add(queue)
        try:
            yield "retry: 1000\n\n"
            while not self.closed:
                try:
                    line = await asyncio.wait_for(queue.get(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    line = ": still here\n\n"
                if line is None:
                    return
                yield line
        finally:
            self._queues.discard(queue)
