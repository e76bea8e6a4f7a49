"""Played notes are moved to the sixteenths or triplets of their beat."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.music.beat_grid import snap_notes, snap_steps, triplet_beats
from pianoroll_vae.music.notes import Notes

SIXTEENTHS, TRIPLETS = (0, 3, 6, 9), (0, 4, 8)


def notes_at(starts: list[int], length: int = 3) -> Notes:
    count = len(starts)
    return Notes.tidy([0] * count, range(60, 60 + count), starts, [length] * count, [90] * count)


@pytest.mark.parametrize(
    ("beat", "played"),
    [
        (SIXTEENTHS, SIXTEENTHS),
        (SIXTEENTHS, (0, 4, 7, 10)),
        (SIXTEENTHS, (0, 2, 5, 8)),
        (TRIPLETS, TRIPLETS),
        (TRIPLETS, (0, 5, 8)),
        (TRIPLETS, (0, 4, 7)),
    ],
)
def test_played_beats_come_back_on_their_own_grid(beat: tuple[int, ...], played: tuple[int, ...]) -> None:
    meant, heard = ([12 * number + place for number in range(4) for place in places] for places in (beat, played))
    assert snap_notes(notes_at(heard), 48).start.tolist() == meant


def test_a_song_of_sixteenths_may_have_a_beat_of_triplets_and_the_other_way_round() -> None:
    for usual, rare in ((SIXTEENTHS, TRIPLETS), (TRIPLETS, SIXTEENTHS)):
        starts = [12 * number + place for number in range(8) for place in (rare if number == 5 else usual)]
        assert snap_notes(notes_at(starts), 96).start.tolist() == starts
        found = triplet_beats(np.array(starts), 96)[:8]
        assert found.tolist() == [(rare if number == 5 else usual) == TRIPLETS for number in range(8)]


def test_a_beat_that_fits_both_grids_has_that_of_the_song() -> None:
    for usual, place in ((SIXTEENTHS, 3), (TRIPLETS, 4)):
        starts = [12 * number + at for number in range(4) for at in usual]
        ambiguous = notes_at([*starts, 48 + 3 if usual == TRIPLETS else 48 + 4])
        assert snap_notes(ambiguous, 60).start[-1] == 48 + place


def test_a_note_before_a_beat_is_moved_to_it() -> None:
    assert snap_notes(notes_at([11, 24]), 36).start.tolist() == [12, 24]


def test_steps_after_the_last_beat_are_moved_to_sixteenths() -> None:
    triplets = np.array([True, True])
    assert snap_steps(np.array([4, 5, 16, 28, 100]), triplets).tolist() == [4, 4, 16, 27, 99]
    assert snap_notes(notes_at([0, 4, 8], 100), 12).end.tolist() == [99, 105, 108]


def test_a_note_lasts_a_sixteenth_or_a_triplet_at_least() -> None:
    assert snap_notes(notes_at([0, 3, 6, 9], 1), 12).length.tolist() == [3, 3, 3, 3]
    assert snap_notes(notes_at([0, 4, 8], 1), 12).length.tolist() == [4, 4, 4]


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 60)), max_size=30))
def test_snapped_notes_are_on_the_grid_and_near_where_they_were_played(rows: list[tuple[int, int]]) -> None:
    starts, lengths = [row[0] for row in rows], [row[1] for row in rows]
    played = Notes.tidy([0] * len(rows), range(len(rows)), starts, lengths, [90] * len(rows))
    snapped = snap_notes(played, 201)
    assert len(snapped) == len(played)
    assert np.isin(snapped.start % 12, (*SIXTEENTHS, *TRIPLETS)).all()
    assert (np.abs(snapped.start - played.start) <= 2).all()
    assert (snapped.length >= 3).all()


def test_a_song_without_notes_stays_empty() -> None:
    assert len(snap_notes(Notes.empty(), 0)) == len(snap_notes(Notes.empty(), 100)) == 0
