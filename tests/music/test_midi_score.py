"""What the parser makes of MIDI bytes, good and bad."""

import os
from pathlib import Path

import pytest

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.music.midi_score import MAX_FILE_BYTES, MAX_SONG_BEATS, load_score, parse_score

END = b"\x00\xff\x2f\x00"


def midi(*tracks: bytes, kind: int = 1, division: int = 480) -> bytes:
    """A file of these tracks' events, as they stand."""
    head = b"MThd" + (6).to_bytes(4) + kind.to_bytes(2) + len(tracks).to_bytes(2) + division.to_bytes(2)
    return head + b"".join(b"MTrk" + len(track).to_bytes(4) + track for track in tracks)


def notes(data: bytes) -> list[tuple[int, int, int]]:
    """(pitch, start, end) of each note, in the order of the file."""
    score = parse_score(data)
    return list(zip(score.pitch.tolist(), score.start.tolist(), score.end.tolist(), strict=True))


def refusal(data: bytes) -> FileUnreadable:
    with pytest.raises(FileUnreadable) as caught:
        parse_score(data, "sketch.mid")
    assert caught.value.message.startswith("sketch.mid ")
    assert caught.value.hint
    return caught.value


def test_running_status_and_note_on_without_velocity_end_a_note() -> None:
    assert notes(midi(b"\x00\x90\x3c\x40\x60\x3c\x00" + END)) == [(60, 0, 96)]


def test_running_status_survives_a_text_between_two_notes() -> None:
    assert notes(midi(b"\x00\x90\x3c\x40\x10\xff\x01\x02hi\x10\x3c\x00" + END)) == [(60, 0, 32)]


def test_a_struck_key_ends_the_note_that_it_still_holds() -> None:
    assert notes(midi(b"\x00\x90\x3c\x40\x10\x3c\x41\x10\x3c\x00\x10\x3c\x00" + END)) == [(60, 0, 16), (60, 16, 32)]


def test_a_release_at_the_tick_of_a_second_stroke_means_the_first() -> None:
    assert notes(midi(b"\x00\x90\x3c\x40\x10\x3c\x41\x00\x3c\x00\x10\x3c\x00" + END)) == [(60, 0, 16), (60, 16, 32)]


def test_releases_after_the_next_stroke_of_a_repeated_note_end_each_note_before() -> None:
    stroke, release = b"\x10\x3c\x41", b"\x00\x3c\x00"
    repeated = b"\x00\x90\x3c\x40" + (stroke + release) * 2 + b"\x10\x3c\x00" + END
    assert notes(midi(repeated)) == [(60, 0, 16), (60, 16, 32), (60, 32, 48)]
    assert notes(midi(b"\x00\x90\x3c\x40\x00\x3c\x00" + END, repeated))[0] == (60, 0, 0)


def test_a_note_never_released_is_held_for_one_beat() -> None:
    assert notes(midi(b"\x00\x90\x3c\x40" + END)) == [(60, 0, 480)]


def test_a_note_of_no_length_keeps_its_onset() -> None:
    assert notes(midi(b"\x08\x99\x2a\x40\x00\x2a\x00" + END)) == [(42, 8, 8)]


def test_a_release_of_nothing_is_nothing() -> None:
    assert notes(midi(b"\x00\x80\x3c\x40" + END)) == []


def test_a_program_change_in_the_middle_counts_from_there() -> None:
    events = b"\x00\xc0\x18\x00\x90\x3c\x40\x10\x3c\x00\x00\xc0\x21\x00\x90\x3c\x40\x10\x3c\x00" + END
    assert parse_score(midi(events)).program.tolist() == [0x18, 0x21]


def test_a_setup_track_gives_its_programs_to_tracks_that_name_none() -> None:
    setup = b"\x00\xc0\x18\x20\xc0\x21" + END
    score = parse_score(midi(b"\x00\x90\x3c\x40\x10\x3c\x00\x20\x3c\x40\x10\x3c\x00" + END, setup))
    assert score.program.tolist() == [0x18, 0x21]


def test_a_program_of_another_port_is_another_instrument() -> None:
    setup = b"\x00\xff\x21\x01\x01\x00\xc0\x18" + END
    assert parse_score(midi(setup, b"\x00\x90\x3c\x40\x10\x3c\x00" + END)).program.tolist() == [0]


def test_patterns_of_a_type_2_file_follow_each_other_on_the_beat() -> None:
    pattern = b"\x00\x90\x3c\x40\x83\x61\x3c\x00" + END  # 481 ticks: a little over one beat
    assert notes(midi(pattern, pattern, kind=2)) == [(60, 0, 481), (60, 960, 1441)]


def test_a_file_in_microsofts_envelope_is_read() -> None:
    inside = midi(b"\x00\x90\x3c\x40\x10\x3c\x00" + END)
    assert notes(b"RIFF" + (len(inside) + 12).to_bytes(4, "little") + b"RMIDdata" + bytes(4) + inside) == [(60, 0, 16)]


def test_unknown_chunks_and_a_missing_end_of_track_do_no_harm() -> None:
    track = midi(b"\x00\x90\x3c\x40\x10\x3c\x00")
    extra = b"XFIH\x00\x00\x00\x02hi"
    assert notes(track[:14] + extra + track[14:] + extra) == [(60, 0, 16)]


def test_system_exclusive_and_controllers_are_passed_over() -> None:
    events = b"\x00\xf0\x03\x7e\x7f\xf7\x00\xb0\x07\x64\x00\xe0\x00\x40\x00\xd0\x10\x00\xa0\x3c\x10"
    assert notes(midi(events + b"\x00\x90\x3c\x40\x10\x3c\x00" + END)) == [(60, 0, 16)]


def test_an_end_of_track_beyond_reason_is_not_believed() -> None:
    far = b"\xff\xff\xff\x7f\xff\x2f\x00"
    assert parse_score(midi(b"\x00\x90\x3c\x40\x10\x3c\x00" + far)).length == 16


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b"just a text file, named song.mid", "is not a MIDI file"),
        (midi(END, division=0xE728), "film frames (SMPTE)"),
        (midi(END, division=0), "a beat without length"),
        (midi(END, kind=7), "unknown type (7)"),
        (midi(), "has no tracks"),
        (midi(b"\x00\x3c\x40"), "data where an event should begin"),
        (midi(b"\x00\x90\x3c\x80" + END), "a note that MIDI cannot hold"),
        (midi(b"\xff\xff\xff\xff\x00\x90\x3c\x40" + END), "a number longer than MIDI allows"),
        (midi(b"\x00\x90\x3c\x40\x10\x3c\x00" + END)[:-5], "breaks off in the middle"),
        (midi(b"\x00\xff\x01\xff\xff\xff\x7fhello"), "breaks off in the middle"),
        (midi(b"\x00\xf0\xff\xff\xff\x7fhello"), "breaks off in the middle"),
        (midi(b"\x01\xff\x58\x04\x03\x02\x18\x08" * 10_001 + END), "changes its meter 10,001 times"),
        (midi(b"\xff\xff\xff\x7f\x90\x3c\x40" + END), f"lasts longer than {MAX_SONG_BEATS:,} beats"),
    ],
)
def test_what_is_no_music_is_refused_with_one_message(data: bytes, message: str) -> None:
    assert message in refusal(data).message


def test_only_a_regular_file_is_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.mid"
    os.mkfifo(pipe)
    loop = tmp_path / "loop.mid"
    loop.symlink_to(loop)
    for path, what in (
        (pipe, "is no ordinary file"),
        (tmp_path, "Is a directory"),
        (tmp_path / "none", "No such file"),
        (loop, "Too many levels"),
    ):
        with pytest.raises(FileUnreadable, match=what):
            load_score(path)


def test_a_file_larger_than_music_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.mid"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)  # a hole: takes no room on the disk
    with pytest.raises(FileUnreadable, match="is larger than 8 MB"):
        load_score(path)
