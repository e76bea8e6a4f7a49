"""Songs in bars: what is cut into bars and put together again is the same, and what comes back is found."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.music.bar_lines import BarLines
from pianoroll_vae.music.bars import LENGTHS, SILENT, VELOCITIES, Bars
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR
from tests.small_arranger import bar_notes, loops

NO_DRUMS = np.array([False, False])
WITH_DRUMS = np.array([False, True])
BARS = 6

one_note = st.tuples(
    st.integers(0, 1),  # instrument
    st.integers(0, 127),
    st.integers(0, BARS * TWELFTHS_PER_BAR - 1),
    st.sampled_from(LENGTHS.tolist()),
    st.integers(1, 127),
)


def notes_of(rows: Sequence[tuple[int, ...]]) -> Notes:
    return Notes.tidy(*np.array(rows).reshape(-1, 5).T)


def say(bars: Bars) -> list[list[list[int]]]:
    return [bars.cell(*where).tolist() for where in np.ndindex(len(bars), bars.instruments)]


@given(st.lists(one_note, max_size=40))
def test_notes_in_bars_come_back_as_they_were(rows: list[tuple[int, ...]]) -> None:
    notes = notes_of(rows)
    known = np.isin(notes.length, LENGTHS)  # where one cuts another, its length may be none that can be written
    back = Bars.from_notes(notes, BARS * TWELFTHS_PER_BAR, NO_DRUMS).to_notes()
    for mine, theirs in zip(notes.columns[:3], back.columns[:3], strict=True):
        assert np.array_equal(mine, theirs)
    assert np.array_equal(notes.length[known], back.length[known])
    assert (np.abs(notes.length - back.length) <= np.maximum(notes.length // 6, 2)).all()
    assert (np.abs(notes.velocity.astype(int) - back.velocity) <= 128 // VELOCITIES // 2).all()


@given(st.lists(one_note, max_size=40))
def test_bars_are_the_same_after_a_round_trip(rows: list[tuple[int, ...]]) -> None:
    once = Bars.from_notes(notes_of(rows), BARS * TWELFTHS_PER_BAR, WITH_DRUMS)
    again = Bars.from_notes(once.to_notes(), BARS * TWELFTHS_PER_BAR, WITH_DRUMS)
    for (bar, who), mine, theirs in zip(np.ndindex(BARS, 2), say(once), say(again), strict=True):
        assert [note[:2] for note in mine] == [note[:2] for note in theirs], (bar, who)
        assert [note[3] for note in mine] == [note[3] for note in theirs]
    assert len(once) == len(again) == BARS


@given(st.lists(one_note, max_size=30))
def test_a_bars_source_is_the_first_bar_with_the_same_notes(rows: list[tuple[int, ...]]) -> None:
    bars = Bars.from_notes(notes_of(rows), BARS * TWELFTHS_PER_BAR, WITH_DRUMS)
    for bar, who in np.ndindex(BARS, 2):
        mine = bars.cell(bar, who)[:, :3].tolist()
        alike = [b for b in range(BARS) if bars.cell(b, who)[:, :3].tolist() == mine]
        assert bars.source[bar * 2 + who] == (alike[0] if mine else SILENT)


def test_bars_that_differ_in_velocity_alone_are_the_same() -> None:
    bars = Bars.from_notes(notes_of([(0, 60, 0, 12, 30), (0, 60, 48, 12, 120)]), 96, NO_DRUMS)
    assert bars.source.tolist() == [0, SILENT, 0, SILENT]


def test_a_drum_note_has_no_length_but_all_others_have() -> None:
    rows = [(who, 40, bar * 48, length, 90) for who in (0, 1) for bar, length in ((0, 3), (1, 27))]
    bars = Bars.from_notes(notes_of(rows), 96, WITH_DRUMS)
    assert bars.source.tolist() == [0, 0, 1, 0]
    drums = bars.to_notes()[bars.to_notes().instrument == 1]
    assert drums.length.tolist() == [3, 3]


def test_cells_are_in_the_order_of_writing() -> None:
    bars = Bars.from_notes(notes_of([(0, 70, 4, 3, 90), (0, 50, 4, 3, 90), (0, 60, 0, 3, 90)]), 48, NO_DRUMS)
    assert bars.cell(0, 0)[:, :2].tolist() == [[0, 60], [4, 50], [4, 70]]


def test_a_length_that_cannot_be_written_becomes_the_nearest() -> None:
    bars = Bars.from_notes(notes_of([(0, 60, 0, 1, 90), (0, 61, 0, 50, 90), (0, 62, 0, 500, 90)]), 48, NO_DRUMS)
    assert LENGTHS[bars.cell(0, 0)[:, 2]].tolist() == [3, 48, 192]


def test_the_last_bar_may_be_begun_and_what_lies_behind_it_is_left_out() -> None:
    notes = notes_of([(0, 60, 50, 3, 90), (0, 60, 120, 3, 90)])
    bars = Bars.from_notes(notes, 54, NO_DRUMS)
    assert len(bars) == 2
    assert bars.to_notes().start.tolist() == [50]
    assert len(Bars.from_notes(notes, 0, NO_DRUMS)) == 0


def test_a_note_still_held_is_cut_where_its_pitch_begins_anew() -> None:
    five_beats = int(np.flatnonzero(LENGTHS == 60)[0])
    bars = Bars.from_cells([np.array([[0, 60, five_beats, 5]], np.uint8), np.array([[4, 60, 0, 5]], np.uint8)], 1)
    assert bars.to_notes().length.tolist() == [52, 3]


@given(st.integers(0, 10**6), st.integers(1, 12))
def test_bars_of_cells_hold_these_cells(seed: int, bars: int) -> None:
    rng = np.random.default_rng(seed)
    cells = [bar_notes(rng, int(rng.integers(0, 5))) for _ in range(bars * 3)]
    made = Bars.from_cells(cells, 3)
    assert len(made) == bars
    assert say(made) == [cell.tolist() for cell in cells]


@given(st.integers(0, 10**6), st.integers(0, 8), st.integers(0, 8))
def test_two_parts_hold_the_cells_of_the_whole(seed: int, one: int, other: int) -> None:
    song = loops(one + other, seed, kinds=2)
    parts = [song.between(0, one), song.between(one, one + other)]
    assert [len(part) for part in parts] == [one, other]
    assert [cell for part in parts for cell in say(part)] == say(song)


def test_a_part_counts_its_sources_from_its_own_beginning() -> None:
    rng = np.random.default_rng(1)
    a, b = bar_notes(rng, 4), bar_notes(rng, 4)
    song = Bars.from_cells([a, b, a, a], 1)
    assert song.source.tolist() == [0, 1, 0, 0]
    assert song.between(1, 4).source.tolist() == [0, 1, 1]
    assert say(song.between(1, 4)) == say(song)[1:]


@pytest.mark.parametrize("count", [0, 3])
def test_silent_bars_are_bars_too(count: int) -> None:
    bars = Bars.from_cells([np.zeros((0, 4), np.uint8)] * count, 1)
    assert len(bars) == count
    assert bars.source.tolist() == [SILENT] * count
    assert len(bars.to_notes()) == 0


def test_a_song_in_three_four_repeats_its_own_bars() -> None:
    rows = [(0, 60, 36 * bar + step, 12, 90) for bar in range(4) for step in (0, 24)]
    bars = Bars.from_notes(notes_of(rows), 144, NO_DRUMS, BarLines.even(4, (3, 4)))
    assert bars.source.reshape(4, -1)[:, 0].tolist() == [0, 0, 0, 0]
    assert bars.cell(3, 0)[:, 0].tolist() == [0, 24]
    assert bars.to_notes().start.tolist() == [row[2] for row in rows]


@pytest.mark.parametrize(("start", "length"), [(0, 36), (0, 72), (24, 24), (12, 12), (24, 48)])
def test_a_note_that_is_held_over_a_bar_line_ends_where_it_did(start: int, length: int) -> None:
    bars = Bars.from_notes(notes_of([(0, 60, start, length, 90)]), 108, NO_DRUMS, BarLines.even(3, (3, 4)))
    assert (bars.to_notes().start.tolist(), bars.to_notes().length.tolist()) == ([start], [length])


def test_a_length_up_to_the_end_of_48_places_ends_with_its_shorter_bar() -> None:
    longest = LENGTHS.tolist().index(48)
    cells = [np.array([[0, 60, longest, 5], [40, 60, 0, 5]], np.uint8), np.array([[0, 62, 0, 5]], np.uint8)]
    bars = Bars.from_cells(cells, 1, BarLines.even(2, (3, 4)))
    assert len(bars.cell(0, 0)) == 1, "a note on a place that the bar leaves empty falls away"
    assert bars.to_notes().end.tolist() == [36, 39]


def test_some_bars_of_a_song_in_three_four_are_in_three_four() -> None:
    rows = [(0, 60, 36 * bar, 12, 90) for bar in range(4)]
    part = Bars.from_notes(notes_of(rows), 144, NO_DRUMS, BarLines.even(4, (3, 4))).between(1, 3)
    assert part.to_notes().start.tolist() == [0, 36]
