"""A varied bar stays in the range of its instrument and in the harmony of its bar."""

import numpy as np

from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.song_pitches import OUTSIDE, SongPitches
from pianoroll_vae.music.bars import BarNotes, Bars

DRUMS = np.array([False, True])
C, E, G, C_SHARP = 60, 64, 67, 61
KICK, SNARE, OPEN_HAT = 36, 38, 46
SILENT_ROW = 4


def bar(*pitches: int) -> BarNotes:
    """A note of each pitch, a quarter long, one on each beat."""
    return np.array([(12 * i, pitch, 8, 20) for i, pitch in enumerate(pitches)], np.uint8).reshape(-1, 4)


SONG = Bars.from_cells([bar(C, E), bar(KICK, SNARE), bar(G), bar(KICK), bar(), bar()], 2)
"""Three bars of a piano and of drums; the last one is silent."""


def logits(row: int, semitones: int = 0) -> Array:
    own: Array = SongPitches.of_song(SONG, DRUMS, semitones).logits(np.array([row]))[0]
    return own


def test_pitches_beyond_the_lowest_and_highest_are_outside() -> None:
    outside = logits(0) < OUTSIDE / 2
    assert np.array_equal(np.flatnonzero(~outside), np.arange(C, G + 1))


def test_drums_that_the_song_does_not_have_are_outside_and_the_others_are_alike() -> None:
    own = logits(1)
    assert own[KICK] == own[SNARE] == 0
    assert own[OPEN_HAT] == OUTSIDE


def test_what_sounds_in_the_bar_is_likelier_than_what_sounds_in_the_song_and_that_than_the_rest() -> None:
    own = logits(0)
    assert own[C] == own[E] > own[G] > own[C_SHARP]


def test_a_silent_bar_has_the_pitch_classes_of_the_song() -> None:
    own = logits(SILENT_ROW)
    assert own[C] == own[E] == own[G] > own[C_SHARP]


def test_a_transposed_song_has_transposed_pitches_and_the_same_drums() -> None:
    assert np.array_equal(logits(0, semitones=2)[2:], logits(0)[:-2])
    assert np.array_equal(logits(1, semitones=2), logits(1))


def test_in_any_range_harmony_alone_matters() -> None:
    own = SongPitches.of_song(SONG, DRUMS, 0).in_any_range().logits(np.array([0, 1]))
    assert (own[0] > OUTSIDE / 2).all()
    assert own[0, C] == own[0, C + 24] > own[0, C_SHARP + 24]
    assert (own[1] == 0).all()


def test_a_song_without_notes_has_no_pitch() -> None:
    empty = Bars.from_cells([bar(), bar()], 2)
    assert (SongPitches.of_song(empty, DRUMS, 0).logits(np.array([0, 1])) <= OUTSIDE).all()
