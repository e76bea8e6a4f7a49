"""A studio as a user starts it: `vaemusic studio` in a process of its own, and what it answers."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

PATIENCE_SECONDS = 240.0
"""On a new machine the first song waits until the sampling loops are compiled."""


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class StudioServer:
    """`vaemusic studio` with the bundled band; `options` come after the command."""

    folder: Path
    options: tuple[str, ...] = ()
    url: str = ""
    process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start, or start again after `kill`."""
        words = ["-m", "pianoroll_vae", "studio", "--no-browser", "--folder", str(self.folder), *self.options]
        self.process = subprocess.Popen(
            [sys.executable, *words], stdout=subprocess.PIPE, text=True, cwd=self.folder.parent, env=dict(os.environ)
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().removeprefix("Studio: ").strip()
        assert self.url.startswith("http://"), "the studio did not start"

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])

    def request(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Reply(response.status, response.read(), dict(response.getheaders()))
        finally:
            connection.close()

    def get(self, path: str) -> Reply:
        return self.request("GET", path)

    def post(self, path: str, content: object = None) -> Reply:
        return self.request("POST", path, json.dumps(content or {}).encode(), {"content-type": "application/json"})

    def drop(self, song: Path | bytes, name: str = "song.mid") -> int:
        """Drop a file; the number of its take."""
        content = song if isinstance(song, bytes) else song.read_bytes()
        reply = self.request("POST", f"/api/drop?name={name}", content)
        assert reply.status == 200, reply.body
        return int(reply.json["current"])

    def write(self, **wanted: object) -> int:
        """Have a song written; the number of its take."""
        reply = self.post("/api/jobs", wanted)
        assert reply.status == 202, reply.body
        return int(self.wait()["current"])

    def wait(self) -> Any:
        """The state once nothing is being written."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            state = self.get("/api/state").json
            if state["job"] is None:
                return state
            time.sleep(0.05)
        raise AssertionError("the studio did not finish")

    def rest(self) -> None:
        """Stop what is being written, and set the mixer back."""
        state = self.get("/api/state").json
        if state["job"] is not None:
            self.post("/api/cancel")
        untouched = {"mute": False, "solo": False, "locked": False, "volume": 0.8}
        self.post("/api/mixer", dict.fromkeys(state["mixer"], untouched))

    def midi(self, take: int) -> bytes:
        return self.get(f"/api/takes/{take}/files/song.mid").body

    def kill(self) -> None:
        """As when the machine goes down: without a chance to save anything."""
        self.process.kill()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def stop(self) -> float:
        """Ctrl-C; how many seconds it took to end."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return time.monotonic() - began


@pytest.fixture(scope="session")
def shared_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioServer]:
    server = StudioServer(tmp_path_factory.mktemp("studio") / "songs")
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture
def studio(shared_studio: StudioServer) -> StudioServer:
    """A studio in which nothing is written and no instrument is locked. Tests share it, as it takes seconds to start,
    so it has their takes."""
    shared_studio.rest()
    return shared_studio
