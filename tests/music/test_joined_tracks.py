"""New notes on the track of kept ones: no key is held twice, and every note that began ends."""

from pianoroll_vae.music.joined_tracks import join_notes
from pianoroll_vae.music.midi_messages import NOTE_OFF, NOTE_ON
from pianoroll_vae.music.midi_tracks import Track
from pianoroll_vae.music.notes import Notes


def on(tick: int, pitch: int = 60) -> tuple[int, bytes]:
    return tick, bytes([NOTE_ON, pitch, 64])


def off(tick: int, pitch: int = 60) -> tuple[int, bytes]:
    return tick, bytes([NOTE_OFF, pitch, 0])


def new(start: int, length: int, pitch: int = 60) -> Notes:
    return Notes.tidy([0], [pitch], [start], [length], [64])


KEPT: Track = [on(10), off(20)]


def test_notes_that_do_not_meet_stay_as_they_are() -> None:
    assert join_notes(KEPT, new(20, 5), 0) == [*KEPT, on(20), off(25)]
    assert join_notes(KEPT, new(5, 5), 0) == [on(5), off(10), *KEPT]
    assert join_notes(KEPT, new(12, 5, pitch=61), 0) == [on(10), on(12, 61), off(17, 61), off(20)]


def test_a_new_note_ends_the_kept_one_that_sounds() -> None:
    assert join_notes(KEPT, new(15, 9), 0) == [on(10), off(15), on(15), off(24)]
    assert join_notes(KEPT, new(15, 2), 0) == [on(10), off(15), on(15), off(17), off(20)]


def test_a_kept_note_ends_the_new_one_that_sounds() -> None:
    assert join_notes(KEPT, new(5, 9), 0) == [on(5), off(10), *KEPT]


def test_a_new_note_where_a_kept_one_begins_is_left_out() -> None:
    assert join_notes(KEPT, new(10, 3), 0) == KEPT


def test_other_channels_and_messages_stay() -> None:
    bend, other = (12, b"\xe0\x00\x40"), (12, bytes([NOTE_ON | 1, 60, 64]))
    joined = join_notes([on(10), bend, other, off(20)], new(12, 3), 0)
    assert joined == [on(10), bend, other, off(12), on(12), off(15), off(20)]
