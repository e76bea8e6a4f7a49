"""The studio's API over HTTP, with the bundled band: what it answers, what it refuses, and what survives."""

import io
import shlex
import time
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import Vaemusic
from tests.midi_files import Note, midi_file, notes_of
from tests.studio_server import StudioServer


def notes(data: bytes, tmp_path: Path) -> list[Note]:
    (tmp_path / "take.mid").write_bytes(data)
    return notes_of(tmp_path / "take.mid")


def test_a_new_song_is_that_of_the_command_line_byte_for_byte(
    studio: StudioServer, vaemusic: Vaemusic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = studio.write(verb="new", bars=8, key="A minor", tempo=100, seed=3)
    command = studio.get("/api/state").json["takes"][-1]["command"]
    program, *words = shlex.split(command)
    assert program == "vaemusic" and words[-1] == f"{take:04}.mid"
    monkeypatch.chdir(tmp_path)
    done = vaemusic(*words[:-1], "own.mid")
    assert done.status == 0, done.err
    assert (tmp_path / "own.mid").read_bytes() == studio.midi(take)


def test_a_song_has_bars_chart_lanes_and_pieces_that_are_rendered(studio: StudioServer) -> None:
    take = studio.write(verb="new", bars=8, seed=4)
    song = studio.get(f"/api/takes/{take}").json
    assert (len(song["bars"]), song["sections"][0][0]) == (8, 0)
    assert [lane["name"] for lane in song["lanes"]] == ["piano", "guitar", "bass", "strings", "drums"]
    [lane, piece] = next(
        (i, j) for i, each in enumerate(song["lanes"]) for j, name in enumerate(each["sounds"]) if name
    )
    sound = studio.get(f"/api/takes/{take}/sound/{lane}/{piece}")
    assert (sound.status, sound.body[:4], sound.headers["content-type"]) == (200, b"RIFF", "audio/wav")
    assert any(sound.body[44:])


def test_a_song_has_a_beginning_while_it_is_written_whose_pieces_are_its_own(studio: StudioServer) -> None:
    assert studio.post("/api/jobs", {"verb": "new", "bars": 60, "seed": 3}).status == 202
    while (reply := studio.get("/api/beginning")).status == 404:
        time.sleep(0.01)
    beginning = reply.json
    take = studio.wait()["current"]
    song = studio.get(f"/api/takes/{take}").json
    assert beginning["take"] is None and 0 < beginning["written"] < song["written"] == song["ticks"]
    for name in ("bars", "pieces", "sections", "ticks"):
        assert beginning[name] == song[name], name
    known = [
        (lane, piece, name)
        for lane, each in enumerate(beginning["lanes"])
        for piece, name in enumerate(each["sounds"])
        if name
    ]
    assert known and all(song["lanes"][lane]["sounds"][piece] == name for lane, piece, name in known)
    lane, piece, _ = known[0]
    sound = studio.get(f"/api/beginning/sound/{lane}/{piece}").body
    assert sound == studio.get(f"/api/takes/{take}/sound/{lane}/{piece}").body


def test_writing_again_leaves_all_else_note_for_note(studio: StudioServer, tmp_path: Path) -> None:
    first = studio.drop(midi_file(tmp_path / "song.mid", beats=64, instruments=("piano", "bass", "drums")))
    take = studio.write(verb="rewrite", take=first, instruments=["bass", "drums"], first_bar=9, last_bar=12, seed=1)
    before, after = notes(studio.midi(first), tmp_path), notes(studio.midi(take), tmp_path)
    piano = [note for note in before if note[1] == 4 and note[0] == 0]
    assert piano and [note for note in after if note[:2] == (0, 4)] == piano
    outside = [note for note in before if not 32 - 0.1 <= note[3] < 48]
    assert set(outside) <= set(after)
    assert not [note for note in set(after) - set(before) if not 32 <= note[3] < 48]
    assert set(after) != set(before)


def test_undo_brings_the_very_bytes_back(studio: StudioServer) -> None:
    take = studio.write(verb="new", bars=4, seed=5)
    before = studio.midi(take)
    studio.write(verb="vary", take=take, instruments=["drums", "piano"], noise=1, seed=5)
    state = studio.post("/api/undo").json
    assert (state["current"], studio.midi(state["current"])) == (take, before)
    assert studio.post("/api/redo").json["current"] == take + 1


def test_four_takes_at_once_have_consecutive_seeds(studio: StudioServer) -> None:
    first = studio.write(verb="new", bars=4, seed=10, count=4)
    takes = [take for take in studio.get("/api/state").json["takes"] if take["group"] == first]
    assert [take["seed"] for take in takes] == [10, 11, 12, 13]
    assert len({take["digest"] for take in takes}) > 1
    assert studio.post("/api/current", {"take": first + 2}).json["current"] == first + 2


def test_continue_and_accompany_write_takes(studio: StudioServer, tmp_path: Path) -> None:
    first = studio.drop(midi_file(tmp_path / "song.mid", beats=16, instruments=("piano",)))
    longer = studio.write(verb="continue", take=first, bars=4, seed=1)
    assert len(studio.get(f"/api/takes/{longer}").json["bars"]) == 8
    band = studio.write(verb="accompany", take=first, instruments=["piano"], seed=1)
    played = [lane["name"] for lane in studio.get(f"/api/takes/{band}").json["lanes"] if lane["notes"]]
    assert len(played) > 1


def test_an_accompaniment_with_densities_is_that_of_the_command_line(
    studio: StudioServer, vaemusic: Vaemusic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    song = midi_file(tmp_path / "song.mid", beats=16, instruments=("piano",))
    density = {"drums": "high", "bass": "low"}
    first = studio.drop(song)
    take = studio.write(verb="accompany", take=first, instruments=["piano"], density=density, seed=1)
    command = studio.get("/api/state").json["takes"][-1]["command"]
    assert "--density bass=low,drums=high" in command
    monkeypatch.chdir(tmp_path)
    done = vaemusic("accompany", str(song), *shlex.split(command)[3:-1], "own.mid")
    assert done.status == 0, done.err
    assert (tmp_path / "own.mid").read_bytes() == studio.midi(take)


def test_an_edit_is_a_take_and_so_is_a_program(studio: StudioServer, tmp_path: Path) -> None:
    take = studio.drop(midi_file(tmp_path / "song.mid", beats=16))
    note = {"instrument": "bass", "pitch": 40, "start": 0, "length": 96}
    state = studio.post("/api/edit", {"take": take, "remove": [0], "add": [note], "programs": {"guitar": 30}}).json
    assert state["undo"] == take
    lanes = studio.get(f"/api/takes/{state['current']}").json["lanes"]
    assert lanes[1]["program"] == 30
    assert [40, 0, 96, 90] in [each[1:] for each in lanes[2]["notes"]]


def test_files_of_a_take(studio: StudioServer, tmp_path: Path) -> None:
    take = studio.drop(midi_file(tmp_path / "song.mid", beats=8, instruments=("piano", "drums")))
    archive = zipfile.ZipFile(io.BytesIO(studio.get(f"/api/takes/{take}/files/song.zip").body))
    assert set(archive.namelist()) == {
        *("song.mid", "song.wav", "song.png", "song.chart"),
        *("piano.mid", "piano.wav", "drums.mid", "drums.wav"),
    }
    assert archive.read("song.mid") == studio.midi(take)
    assert {note[0] for note in notes(archive.read("piano.mid"), tmp_path)} == {0}
    assert studio.get(f"/api/takes/{take}/files/tuba.mid").status == 404


def test_the_mixer_is_kept(studio: StudioServer) -> None:
    state = studio.post("/api/mixer", {"bass": {"mute": True, "volume": 0.25}}).json
    assert state["mixer"]["bass"] == {"mute": True, "solo": False, "locked": False, "volume": 0.25}
    assert studio.post("/api/mixer", {"bass": {"mute": False, "volume": 0.8}}).status == 200


def test_cancel_stops_the_work_within_a_second_and_the_next_song_is_written_at_once_as_ever(
    studio: StudioServer,
) -> None:
    song = studio.midi(studio.write(verb="new", bars=4, seed=1))
    takes = len(studio.get("/api/state").json["takes"])
    assert studio.post("/api/jobs", {"verb": "new", "bars": 400}).status == 202
    assert studio.post("/api/jobs", {"verb": "new"}).status == 409
    while not studio.get("/api/state").json["job"]["done"]:
        time.sleep(0.01)
    began = time.monotonic()
    studio.post("/api/cancel")
    while studio.get("/api/state").json["job"] is not None:
        time.sleep(0.01)
    assert time.monotonic() - began < 1
    state = studio.get("/api/state").json
    assert len(state["takes"]) == takes
    assert state["ready"], "the band is not loaded again"
    assert studio.midi(studio.write(verb="new", bars=4, seed=1)) == song


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b"this is no song", "song.mid", "song.mid is not a MIDI file"),
        (b"", "empty.mid", "empty.mid is empty"),
        (b"MThd" + bytes(20), "<script>alert(1)</script>\x1b[31m.mid", "<script>alert(1)</script> [31m.mid"),
    ],
)
def test_a_file_that_is_no_midi_is_one_message(studio: StudioServer, content: bytes, name: str, message: str) -> None:
    reply = studio.request("POST", f"/api/drop?name={quote(name)}", content)
    assert reply.status == 400
    assert reply.json["error"].startswith(message) and "\x1b" not in reply.body.decode()


def test_a_file_of_50_megabytes_is_refused_by_its_length(studio: StudioServer) -> None:
    reply = studio.request("POST", "/api/drop", b"MThd", {"content-length": str(50 * 2**20)})
    assert (reply.status, reply.json["error"]) == (413, "A request has at most 8 MB.")


def test_requests_of_other_pages_and_for_other_hosts_are_refused(studio: StudioServer) -> None:
    assert studio.request("GET", "/api/state", headers={"host": "evil.example"}).status == 421
    assert studio.request("POST", "/api/undo", headers={"origin": "http://evil.example"}).status == 403
    assert studio.request("GET", "/api/state", headers={"sec-fetch-site": "cross-site"}).status == 403
    assert studio.request("GET", "/api/state", headers={"origin": f"http://127.0.0.1:{studio.port}"}).status == 200


def test_every_answer_has_the_content_security_policy(studio: StudioServer) -> None:
    for path in ("/", "/api/state", "/static/main.js", "/nowhere"):
        assert studio.get(path).headers["content-security-policy"].startswith("default-src 'self';")


def test_a_second_studio_in_the_same_folder_is_refused(studio: StudioServer, vaemusic: Vaemusic) -> None:
    done = vaemusic("studio", "--no-browser", "--folder", studio.folder)
    assert done.status == 1
    assert "Another studio is open" in done.err and "--folder" in done.err
