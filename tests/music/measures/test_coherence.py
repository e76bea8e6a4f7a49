"""Harmony that a band shares, and form that returns."""

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.measures.coherence import coherence, in_others_triads, share_in_triads, triads_of
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

PIANO, GUITAR, BASS, STRINGS, DRUMS = (LPD5.index(name) for name in ("piano", "guitar", "bass", "strings", "drums"))
C, F, G, AM = (0, 4, 7), (5, 9, 0), (7, 11, 2), (9, 0, 4)

Note = tuple[int, int, int, int, int]


def song_of(notes: list[Note], bars: int) -> Song:
    return Song(LPD5, Notes.tidy(*map(list, zip(*notes, strict=True))), bars * 16, 4)


def chord_notes(instrument: int, chord: tuple[int, ...], half: int, octave: int = 60) -> list[Note]:
    return [(instrument, octave + tone, half * 8, 8, 80) for tone in chord]


def progression(chords: list[tuple[int, ...]]) -> Song:
    """A chord each half bar in the piano, its root in the bass and a drum on each beat."""
    notes: list[Note] = []
    for half, chord in enumerate(chords):
        notes += chord_notes(PIANO, chord, half)
        notes.append((BASS, 36 + chord[0], half * 8, 8, 80))
        notes += [(DRUMS, 36, half * 8 + beat, 1, 80) for beat in (0, 4)]
    return song_of(notes, len(chords) // 2)


def test_a_triad_is_the_one_whose_tones_sound_longest_and_holds_where_others_fit_as_well() -> None:
    counts = np.zeros((4, 12))
    counts[0, [0, 4, 7]] = 8
    counts[1, [0, 4]] = 8  # C major and A minor fit alike
    counts[3, [9, 0, 4]] = 8
    assert triads_of(counts).tolist() == [0, 0, -1, 12 + 9]


def test_a_progression_changes_its_triad_as_often_as_it_does() -> None:
    held, moving = coherence(progression([C] * 32)), coherence(progression([C, F, G, AM] * 8))
    assert (held["half bars with a new triad"], moving["half bars with a new triad"]) == (0, 1)
    assert (held["longest time on one triad"], moving["longest time on one triad"]) == (1, 1 / 32)
    assert (held["triads in 16 bars"], moving["triads in 16 bars"]) == (1, 4)
    assert held["triad of 4 or 8 bars ago"] == moving["triad of 4 or 8 bars ago"] == 1


def test_the_bass_is_measured_against_the_triads_of_the_others() -> None:
    song = progression([C, F, G, AM] * 4)
    measured = coherence(song)
    assert measured["bass on the root of the others"] == measured["bass in the others' triads"] == 1
    wrong = [(BASS, 36 + 1, half * 8, 8, 80) for half in range(8)]
    measured = coherence(song_of([n for h in range(8) for n in chord_notes(PIANO, C, h)] + wrong, 4))
    assert measured["bass on the root of the others"] == measured["bass in the others' triads"] == 0


def test_half_bars_in_which_the_others_rest_are_not_counted() -> None:
    cells = np.zeros((5, 2, 12))
    cells[BASS, :, 1] = 4
    assert np.isnan(in_others_triads(cells, BASS))
    cells[PIANO, 0, [1, 5, 8]] = 4
    assert in_others_triads(cells, BASS) == 1
    assert share_in_triads(cells[BASS], np.array([0, -1])) == 0


def test_copies_of_one_instrument_and_of_the_whole_band_are_counted() -> None:
    measured = coherence(progression([C, F, C, F, G, AM, G, AM]))
    assert measured["piano bars copied"] == measured["bars the whole band repeats"] == 0.5
    assert measured["drums bars copied"] == 0.75
    assert np.isnan(measured["guitar bars copied"])


def test_entries_are_together_where_all_parts_start_at_once() -> None:
    together = [*chord_notes(PIANO, C, 4), (BASS, 36, 32, 8, 80), (DRUMS, 36, 32, 1, 80)]
    apart = [*chord_notes(PIANO, C, 2), (BASS, 36, 32, 8, 80)]
    assert coherence(song_of([*together, *chord_notes(GUITAR, C, 0), *chord_notes(GUITAR, C, 2)], 4))[
        "parts that start or stop together"
    ] == pytest.approx((4 / 5 + 3 / 5) / 2)
    assert coherence(song_of(apart, 4))["parts that start or stop together"] == pytest.approx(
        (1 / 5 + 2 / 5 + 1 / 5) / 3
    )


def test_sections_of_eight_bars_that_return_are_form_and_chance_is_not() -> None:
    rng = np.random.default_rng(0)
    verse, chorus = ([tuple(rng.integers(0, 12, 3).tolist()) for _ in range(16)] for _ in range(2))
    formed = coherence(progression([*verse, *chorus, *verse, *chorus, *verse, *verse]))
    random = coherence(progression([tuple(rng.integers(0, 12, 3).tolist()) for _ in range(96)]))
    assert formed["bars 8, 16, 32 apart more alike"] > 0.2
    assert abs(random["bars 8, 16, 32 apart more alike"]) < 0.05


@pytest.mark.parametrize("bars", [0, 1, 9])
def test_a_song_without_notes_has_nothing_to_measure(bars: int) -> None:
    silent = Song(LPD5, Notes.empty(), bars * 16, 4)
    assert all(np.isnan(value) for value in coherence(silent).values())
