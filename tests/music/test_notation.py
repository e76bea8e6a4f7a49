"""Beats are divided as their onsets are, and note values fill their bars."""

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.notation import BEAT, SINGLE, hits, read_bars, snap_to_bars, voices, write_voice
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song


def notes(*rows: tuple[int, int]) -> Notes:
    """(start, length) each, on steps of 1/24 beat."""
    start, length = np.array(rows).T
    return Notes.tidy(np.zeros(len(rows)), 60 + np.arange(len(rows)), start, length, np.full(len(rows), 80))


def song(own: Notes, bars: int = 2) -> Song:
    return Song(LPD5, own, bars * 4 * BEAT, BEAT)


def test_a_beat_is_divided_into_triplets_where_its_onsets_are_nearer_to_them() -> None:
    [first, second] = read_bars(song(notes((0, 6), (7, 6), (24, 8), (33, 8), (96, 6))))
    assert first.triplet == (False, True, False, False)
    assert second.triplet == (False,) * 4


def test_notes_are_moved_to_the_grid_of_their_beat_and_never_vanish() -> None:
    played = notes((1, 5), (25, 1), (49, 6), (33, 7))
    snapped = snap_to_bars(played, read_bars(song(played)))
    assert len(snapped) == len(played)
    assert (snapped.start % 2 == 0).all()
    assert snapped.length.min() >= 6


@pytest.mark.parametrize("row", [(0, 96), (12, 24), (6, 120), (18, 6), (0, 36), (90, 12), (24, 72)])
def test_the_values_of_a_voice_fill_its_bars(row: tuple[int, int]) -> None:
    own = notes(row)
    bars = read_bars(song(own))
    [voice] = voices(own)
    written = write_voice(voice, bars)
    for symbols in written:
        assert sum(symbol.length for symbol in symbols) in (0, 4 * BEAT)
        assert all(symbol.length in SINGLE for symbol in symbols)
    played = [symbol for symbols in written for symbol in symbols if symbol.pitches]
    assert sum(symbol.length for symbol in played) == row[1]
    assert [symbol.tied_back for symbol in played] == [False] + [True] * (len(played) - 1)
    assert [symbol.tied_on for symbol in played] == [True] * (len(played) - 1) + [False]


def test_notes_that_overlap_stand_in_voices_and_those_together_are_a_chord() -> None:
    found = voices(notes((0, 24), (0, 24), (0, 48), (24, 24)))
    assert [[(chord.start, chord.end, len(chord.pitches)) for chord in voice] for voice in found] == [
        [(0, 48, 1)],
        [(0, 24, 2), (24, 48, 1)],
    ]


def test_a_hit_lasts_to_the_next_one_or_to_the_end_of_its_beat() -> None:
    own = notes((0, 2), (6, 2), (30, 2))
    assert hits(own, read_bars(song(own))).length.tolist() == [6, 18, 18]
