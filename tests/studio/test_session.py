"""Takes and their history outlive the server, and whatever stopped it."""

import json
from pathlib import Path

import pytest

from pianoroll_vae.errors import NothingFound
from pianoroll_vae.studio.session import Channel, Draft, Session


def with_takes(folder: Path, count: int) -> Session:
    session = Session.open(folder)
    for number in range(count):
        session.add([f"song {number}".encode()], [Draft(f"take {number}", "vaemusic generate", number)])
    return session


def test_a_session_that_is_opened_again_has_the_same_takes_and_mixer(tmp_path: Path) -> None:
    session = with_takes(tmp_path, 3)
    session.undo()
    session.set_mixer({"bass": Channel(mute=True, volume=0.3)})
    again = Session.open(tmp_path)
    assert (again.takes, again.current, again.mixer) == (session.takes, 2, session.mixer)
    assert again.next_take == 3


def test_undo_and_redo_walk_the_takes_and_undo_stops_at_the_first(tmp_path: Path) -> None:
    session = with_takes(tmp_path, 2)
    session.undo()
    session.undo()
    assert session.current == 1
    session.redo()
    assert session.current == 2


def test_redo_leads_to_the_take_that_was_heard_last(tmp_path: Path) -> None:
    session = with_takes(tmp_path, 1)
    session.add([b"a", b"b", b"c"], [Draft("three", "")] * 3)
    assert (session.current, session.group(3)) == (2, [2, 3, 4])
    session.go_to(4)
    session.undo()
    assert (session.current, session.next_take) == (1, 4)


def test_a_torn_line_costs_that_take_alone(tmp_path: Path) -> None:
    with_takes(tmp_path, 2)
    lines = (tmp_path / "takes.jsonl").read_bytes()
    (tmp_path / "takes.jsonl").write_bytes(lines[:-9])
    session = Session.open(tmp_path)
    assert list(session.takes) == [1]
    session.add([b"next"], [Draft("next", "")])
    assert [take.label for take in Session.open(tmp_path).takes.values()] == ["take 0", "next"]


def test_damaged_settings_fall_back_to_the_newest_take(tmp_path: Path) -> None:
    with_takes(tmp_path, 2)
    (tmp_path / "state.json").write_text('{"current": [], "redo_to": 3')
    session = Session.open(tmp_path)
    assert (session.current, session.mixer) == (2, {})


def test_a_take_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="There is no take 7") as error:
        Session.open(tmp_path).go_to(7)
    assert "/api/state" in error.value.hint


@pytest.mark.parametrize(
    "state",
    [
        "[" * 5000,
        '{"current": "1", "redo_to": [], "mixer": {}}',
        '{"current": 1, "redo_to": [[1, 10000000000000000000000]], "mixer": {}}',
        '{"current": 1, "redo_to": [], "mixer": {"bass": {"volume": NaN}}}',
        '{"current": 1, "redo_to": [], "mixer": {"bass": {"mute": "no"}}}',
        "[]",
    ],
)
def test_settings_that_break_their_schema_fall_back_too(tmp_path: Path, state: str) -> None:
    with_takes(tmp_path, 2)
    (tmp_path / "state.json").write_text(state)
    session = Session.open(tmp_path)
    assert (session.current, session.mixer, session.next_take) == (2, {}, None)


@pytest.mark.parametrize(
    "change", [{"number": -1}, {"number": True}, {"label": 5}, {"made_at": float("inf")}, {"x": 1}]
)
def test_a_line_that_breaks_its_schema_costs_that_take_alone(tmp_path: Path, change: dict[str, object]) -> None:
    with_takes(tmp_path, 2)
    first, second = (tmp_path / "takes.jsonl").read_text().splitlines()
    (tmp_path / "takes.jsonl").write_text(f"{json.dumps(json.loads(first) | change)}\n{'[' * 5000}\n{second}\n")
    assert list(Session.open(tmp_path).takes) == [2]
