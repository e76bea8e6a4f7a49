"""Half bars in which the known parts rest have the chords of half bars at the song's usual distances."""

import numpy as np

from pianoroll_vae.models.arranger.play.missing_chords import fill_chords
from pianoroll_vae.music.chord_labels import NO_CHORD

PROGRESSION = np.array([[0, 0], [54, 54], [30, 30], [42, 42]])
"""Four bars, a chord each."""


def test_what_rests_between_repeats_of_a_progression_has_its_chords() -> None:
    song = np.tile(PROGRESSION, (8, 1))
    played = song.copy()
    played[8:12] = NO_CHORD
    assert np.array_equal(fill_chords(played), song)


def test_a_beginning_that_rests_has_the_chords_that_follow() -> None:
    song = np.tile(PROGRESSION, (8, 1))
    played = song.copy()
    played[:8] = NO_CHORD
    assert np.array_equal(fill_chords(played), song)


def test_chords_that_are_known_stay() -> None:
    played = np.random.default_rng(0).integers(0, NO_CHORD + 1, (40, 2))
    filled = fill_chords(played)
    assert np.array_equal(filled[played != NO_CHORD], played[played != NO_CHORD])


def test_chords_that_never_return_say_nothing_about_a_rest() -> None:
    played = np.arange(64).reshape(32, 2)
    played[10:14] = NO_CHORD
    assert (fill_chords(played)[10:14] == NO_CHORD).all()


def test_a_song_without_chords_and_one_without_bars_stay_so() -> None:
    for bars in (0, 1, 20):
        silent = np.full((bars, 2), NO_CHORD)
        assert np.array_equal(fill_chords(silent), silent)
