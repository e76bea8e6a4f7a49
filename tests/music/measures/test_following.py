"""Measures of whether a song follows its chart, on songs whose figures are known."""

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chord_labels import NO_CHORD, parse_chord_label
from pianoroll_vae.music.measures.following import (
    bars_heard_in_bass,
    bass_begins_on_root,
    cells_in_chords,
    triplet_share,
)
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

PIANO, BASS = LPD5.index("piano"), LPD5.index("bass")
C, F = parse_chord_label("C")[0], parse_chord_label("F")[0]
CHART = np.array([[C, C], [F, F]])


def song_of(*notes: tuple[int, int, int, int]) -> Song:
    """Two bars of sixteenths; notes are (instrument, pitch, start, length)."""
    instrument, pitch, start, length = zip(*notes, strict=True)
    return Song(LPD5, Notes.tidy(instrument, pitch, start, length, [90] * len(notes)), 32, 4)


def test_cells_are_counted_by_how_long_they_sound() -> None:
    song = song_of((PIANO, 60, 0, 8), (PIANO, 61, 8, 8), (PIANO, 65, 16, 16))
    assert cells_in_chords(song, CHART) == pytest.approx(24 / 32)
    without = np.array([[C, NO_CHORD], [F, F]])
    assert cells_in_chords(song, without) == pytest.approx(1)


def test_the_lowest_of_the_first_notes_of_the_bass_is_the_root() -> None:
    song = song_of((BASS, 36, 0, 4), (BASS, 43, 0, 4), (BASS, 43, 16, 4))
    assert bass_begins_on_root(song, CHART) == pytest.approx(1 / 2)
    late = song_of((BASS, 36, 6, 4))
    assert np.isnan(bass_begins_on_root(late, CHART))


def test_a_half_bar_is_heard_where_the_bass_holds_the_root_longest() -> None:
    song = song_of((BASS, 36, 0, 5), (BASS, 43, 5, 3), (BASS, 43, 8, 8), (BASS, 41, 16, 16))
    assert bars_heard_in_bass(song, CHART) == pytest.approx(3 / 4)


def test_only_onsets_between_beats_count_as_triplets() -> None:
    def of(*places: int) -> float:
        return triplet_share(
            Notes.tidy([0] * len(places), [60] * len(places), places, [1] * len(places), [90] * len(places)), 12
        )

    assert np.isnan(of(0, 12))
    assert of(0, 4, 8, 12) == 1
    assert of(0, 3, 6, 8) == pytest.approx(1 / 3)
