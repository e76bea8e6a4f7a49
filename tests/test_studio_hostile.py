"""The studio under hostile requests and under load."""

import json
import random
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from statistics import median

import pytest

from pianoroll_vae.studio.session import WORK
from tests.studio_server import Reply, StudioServer

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD", "FOO")
POSTS = (
    *("/api/jobs", "/api/edit", "/api/mixer", "/api/current", "/api/drop", "/api/band", "/api/trials"),
    *("/api/trials/1/vote", "/api/learning", "/api/learning/files"),
)
PATHS = (
    *("/api/state", "/api/undo", "/static/main.js", "/static/../app.py", "/static/%2e%2e/app.py", "/../../etc/passwd"),
    *("/static/..%2f..%2f..%2f..%2fetc%2fpasswd", "/api/takes/../../etc/passwd", "//etc/passwd", "/%ff%fe"),
    *("/api/takes/1/files/..%2f..%2fstate.json", "/api/takes/1/files/%00", "/api/takes/1/files/takes.jsonl"),
    *("/api/takes/99999999999999999999", "/api/takes/-1", "/api/takes/1/sound/9/9", "/api/takes/1/sound/0/99999999999"),
    *("/api/takes/1/files/<script>", "/" + "a" * 8000, "/api/takes/%EF%BC%91", "/api/takes/1e3"),
)
VALUES: tuple[object, ...] = (
    *(None, True, -1, 0, 1, 1.5, 2**31, 2**70, 1e308, "", "x", "../../x", "\x1b[2J", "\ud800", "A" * 5000, "<script>"),
    *([], {}, [[]], [None], ["piano"], ["piano"] * 9000, {"piano": {}}, {"piano": 3}, {"bass": {"volume": "x"}}, [{}]),
)
VERBS = ("rewrite", "vary", "continue", "accompany", "average", "attributes")
FIELDS = (
    *("verb", "take", "seed", "count", "bars", "noise", "key", "tempo", "genres", "density", "chart", "instruments"),
    *(
        "first_bar",
        "last_bar",
        "takes",
        "weights",
        "remove",
        "add",
        "velocities",
        "changes",
        "after",
        "own",
        "better",
        "programs",
        "bass",
        "__proto__",
        "constructor",
    ),
)
OWN_FILES = {"takes", WORK, "lock", "state.json", "takes.jsonl"}


def hostile_body(rng: random.Random) -> bytes:
    kind = rng.randrange(5)
    if kind == 0:
        return rng.randbytes(rng.choice([0, 1, 100, 70_000]))
    if kind == 1:
        return b"[" * 5000 + b"]" * 5000
    if kind == 2:
        return json.dumps(rng.choice(VALUES)).encode()
    names = rng.sample(FIELDS, 3)
    content = {name: rng.choice(VALUES) for name in names}
    if kind == 3:
        content |= {"verb": rng.choice(VERBS), "take": 10**5}
    return json.dumps(content).encode()


@pytest.fixture(scope="module")
def open_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StudioServer]:
    """One that other machines may ask, too, where they have the token, in a folder of its own."""
    server = StudioServer(tmp_path_factory.mktemp("open") / "songs", ("--host", "0.0.0.0"))
    yield server
    assert server.stop() < 10, "it waits for nothing: one that did would wait for ever"


def test_with_another_host_the_token_is_needed(open_studio: StudioServer) -> None:
    def asked(path: str, **headers: str) -> Reply:
        return open_studio.request("GET", path, headers=headers)

    token = open_studio.url.split("token=")[1]
    assert asked("/api/state").status == 401
    page = asked(f"/?token={token}")
    assert (page.status, page.headers["location"]) == (303, "/")
    assert asked("/api/state", cookie=page.headers["set-cookie"].split(";")[0]).status == 200
    assert asked("/api/state", authorization=f"Bearer {token}").status == 200
    assert asked("/api/state", authorization="Bearer wrong").status == 401


def test_a_thousand_hostile_requests_end_in_refusals_and_write_nothing_outside(open_studio: StudioServer) -> None:
    rng, statuses = random.Random(3), []
    authorization = {"authorization": f"Bearer {open_studio.url.split('token=')[1]}"}
    for _ in range(1000):
        path = rng.choice(PATHS if rng.random() < 0.5 else POSTS)
        headers = {"content-type": "application/json", **authorization}
        if rng.random() < 0.1:
            headers["content-length"] = rng.choice(["-1", "1e9", "99999999999", "x"])
        if rng.random() < 0.05:
            headers["host"] = rng.choice(["evil.example", "127.0.0.1", "a" * 300])
        method = rng.choice(METHODS) if rng.random() < 0.4 else "POST"
        try:
            reply = open_studio.request(method, path, hostile_body(rng), headers)
        except ConnectionResetError:  # uvicorn refuses such a length and closes, sometimes before its reply is read
            assert "content-length" in headers
            continue
        statuses.append(reply.status)
        assert b"root:" not in reply.body
    assert max(statuses) < 500
    assert 401 not in statuses, "it is not for want of the token that they are refused"
    assert sum(status >= 400 for status in statuses) > 800
    assert {path.name for path in open_studio.folder.parent.iterdir()} == {"songs"}
    assert {path.name for path in open_studio.folder.iterdir()} <= OWN_FILES
    assert open_studio.request("GET", "/api/state", headers=authorization).status == 200


def test_replies_on_a_kept_connection_are_not_held_back(studio: StudioServer) -> None:
    """With Nagle's algorithm each takes 40 ms at least."""
    connection, waits = HTTPConnection("127.0.0.1", studio.port, timeout=30), []
    for _ in range(20):
        sent = time.monotonic()
        connection.request("GET", "/api/state")
        connection.getresponse().read()
        waits.append(time.monotonic() - sent)
    connection.close()
    assert min(waits) < 0.03


def test_cheap_reads_are_answered_while_a_song_is_written(studio: StudioServer) -> None:
    """200 requests, one each 5 ms, over a kept connection."""
    take = studio.write(verb="new", bars=8, seed=1)
    assert studio.post("/api/jobs", {"verb": "new", "bars": 400, "count": 2}).status == 202
    connection = HTTPConnection("127.0.0.1", studio.port, timeout=30)
    began, waits = time.monotonic(), []
    for number in range(200):
        time.sleep(max(began + number / 200 - time.monotonic(), 0))
        sent = time.monotonic()
        connection.request("GET", "/api/state" if number % 2 else f"/api/takes/{take}")
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        waits.append(time.monotonic() - sent)
    connection.close()
    assert studio.get("/api/state").json["job"] is not None
    studio.post("/api/cancel")
    studio.wait()
    assert median(waits) < 0.1
