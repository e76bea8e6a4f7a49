"""Damaged MIDI files are refused with the reason; with `salvage` the rest is read, and what is missing is reported."""

import pytest

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.music.midi_score import MAX_SONG_BEATS, MidiScore, parse_score
from tests.music.test_midi_score import END, midi

HEAD = 14


def note(pitch: int) -> bytes:
    """The events of a track with one note."""
    return b"\x00\x90" + bytes([pitch]) + b"\x40\x83\x60" + bytes([pitch]) + b"\x00" + END


SOUND = midi(note(60), note(62), note(64), note(65))
CHUNK = (len(SOUND) - HEAD) // 4
SECOND = HEAD + CHUNK
"""Where the second track's chunk begins."""


def with_length(length: int) -> bytes:
    """The sound file with another length in its second track."""
    return SOUND[: SECOND + 4] + length.to_bytes(4) + SOUND[SECOND + 8 :]


def refusal(data: bytes) -> str:
    with pytest.raises(FileUnreadable) as caught:
        parse_score(data, "song.mid")
    assert caught.value.hint
    return caught.value.message


def salvaged(data: bytes) -> MidiScore:
    return parse_score(data, "song.mid", salvage=True)


@pytest.mark.parametrize("length", [0, 5, 7, 13, 50, 2 * CHUNK - 8, 3 * CHUNK - 8, 2**32 - 1])
def test_no_track_is_lost_to_a_wrong_length(length: int) -> None:
    data = with_length(length)
    assert "track" in refusal(data)
    score = salvaged(data)
    assert score.pitch.tolist() == [60, 62, 64, 65]
    assert score.unread == ("has a wrong length in track 2: the track is read up to the next one",)


def test_a_file_that_ends_behind_any_byte_is_refused_and_its_whole_notes_are_salvaged() -> None:
    for end in range(HEAD + 8 + 8, len(SOUND) - 4):
        assert refusal(SOUND[:end]).startswith("song.mid ")
        score = salvaged(SOUND[:end])
        assert score.pitch.tolist() == [60, 62, 64, 65][: len(score)]
        assert score.unread


def test_a_file_with_fewer_tracks_than_its_header_declares_is_damaged() -> None:
    data = SOUND[:-CHUNK]
    assert refusal(data) == "song.mid declares 4 tracks and has 3."
    assert salvaged(data).unread == ("declares 4 tracks and has 3: 1 missing",)


def test_a_second_arrangement_behind_the_declared_tracks_is_reported_and_not_read() -> None:
    for data in (SOUND + SOUND[HEAD:], SOUND + SOUND):
        score = parse_score(data)
        assert score.pitch.tolist() == [60, 62, 64, 65]
        assert score.unread == ("declares 4 tracks and has 4 more behind them, which are not read",)


def test_a_damaged_name_of_a_track_does_not_hide_the_track() -> None:
    data = SOUND[:SECOND] + b"MTxk" + SOUND[SECOND + 4 :]
    assert refusal(data) == "song.mid declares 4 tracks and has 3."
    assert salvaged(data).pitch.tolist() == [60, 64, 65]


def test_events_behind_an_end_of_track_are_damage_and_zeros_are_not() -> None:
    assert parse_score(midi(note(60) + bytes(9))).pitch.tolist() == [60]
    assert refusal(midi(note(60) + note(62))) == "song.mid has 12 bytes behind the end of track 1."
    assert salvaged(midi(note(60) + note(62))).pitch.tolist() == [60]


def test_a_track_with_a_fault_is_salvaged_up_to_the_fault() -> None:
    data = midi(note(60)[:-4] + b"\x00\x90\x3c\xf0" + END, note(62))
    assert refusal(data) == "song.mid has a note that MIDI cannot hold, in track 1."
    score = salvaged(data)
    assert score.pitch.tolist() == [60, 62]
    [unread] = score.unread
    assert unread.endswith("in track 1: 8 of its 16 bytes are not read, from beat 1 on")


def test_notes_at_impossible_times_are_left_out_of_a_salvaged_file() -> None:
    data = midi(note(60)[:-4] + b"\xff\xff\xff\x7f\x90\x3d\x40" + END, note(62))
    assert f"lasts longer than {MAX_SONG_BEATS:,} beats" in refusal(data)
    score = salvaged(data)
    assert score.pitch.tolist() == [60, 62]
    assert score.length < 1000
    assert "1 events after that are not read" in score.unread[0]


@pytest.mark.parametrize(
    ("junk", "name"),
    [(b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", "an HTTP response"), (bytes(128), "128 bytes that are not MIDI")],
)
def test_what_stands_before_the_header_is_named_and_can_be_skipped(junk: bytes, name: str) -> None:
    assert name in refusal(junk + SOUND)
    score = salvaged(junk + SOUND)
    assert score.pitch.tolist() == [60, 62, 64, 65]
    assert score.unread[0].endswith("they are skipped")


def test_a_page_under_the_name_of_a_midi_file_is_named() -> None:
    assert refusal(b"\r\n<!DOCTYPE HTML><title>404") == "song.mid is an HTML page."
    assert refusal(b"\x1f\x8b\x08") == "song.mid is gzip."


def test_a_sound_file_has_nothing_unread() -> None:
    assert parse_score(SOUND).unread == () == salvaged(SOUND).unread
