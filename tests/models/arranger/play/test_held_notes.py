"""Notes that are held into a chord to which they do not belong end before it."""

import numpy as np

from pianoroll_vae.models.arranger.play.held_notes import shorten_held_notes
from pianoroll_vae.music.bars import LENGTHS, BarNotes
from pianoroll_vae.music.chord_labels import NO_CHORD, parse_chord_label
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

HALF = TWELFTHS_PER_BAR // 2
C, E, G = 60, 64, 67


def note(step: int, pitch: int, length: int) -> BarNotes:
    return np.array([[step, pitch, np.searchsorted(LENGTHS, length), 4]], np.uint8)


def length_with(notes: BarNotes, *symbols: str) -> int:
    chords = np.array([parse_chord_label(symbol)[0] for symbol in symbols])
    return int(LENGTHS[shorten_held_notes(notes, chords, HALF, TWELFTHS_PER_BAR)[0, 2]])


def test_a_note_ends_with_the_last_chord_that_it_belongs_to() -> None:
    whole = note(0, C, 48)
    assert length_with(whole, "C", "G", "G") == HALF
    assert length_with(whole, "C", "Am", "G") == 48
    assert length_with(note(0, C, 96), "C", "Am", "G") == 48


def test_a_note_of_the_second_half_ends_at_the_bar_line_where_the_next_bar_has_another_chord() -> None:
    assert length_with(note(36, G, 24), "C", "C", "F") == 12
    assert length_with(note(36, G, 24), "C", "C", "Em") == 24


def test_notes_that_end_in_time_and_tones_of_the_next_chord_stay() -> None:
    for length in (3, 12, 24):
        assert length_with(note(0, E, length), "C", "F", "F") == length
    assert length_with(note(0, G, 48), "C", "Em", "C") == 48


def test_where_there_is_no_chord_nothing_ends() -> None:
    chords = np.array([0, NO_CHORD, NO_CHORD])
    held = note(0, E, 96)
    assert np.array_equal(shorten_held_notes(held, chords, HALF, TWELFTHS_PER_BAR), held)


def test_a_note_just_before_a_change_keeps_the_shortest_length() -> None:
    assert length_with(note(HALF - 1, E, 48), "C", "F", "F") == LENGTHS[0]
