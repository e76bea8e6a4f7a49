"""A song is read in its own bars; inside of the models each has 48 places."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bar_lines import BarLines, bar_meter, bar_parts, last_bar_meter, written_meter
from pianoroll_vae.music.meter import Meter
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song


def song_in(*meters: tuple[int, int, int], beats: int, steps_per_beat: int = 24) -> Song:
    """A song without notes; meters: (beat, numerator, denominator)."""
    changes = tuple((beat * steps_per_beat, over, under) for beat, over, under in meters)
    return Song(LPD5, Notes.empty(), beats * steps_per_beat, steps_per_beat, meters=changes)


@pytest.mark.parametrize(
    ("meter", "read"),
    [
        ((4, 4), (4, 4)),
        ((2, 2), (2, 2)),
        ((3, 4), (3, 4)),
        ((6, 8), (6, 8)),
        ((7, 8), (7, 8)),
        ((2, 4), (4, 4)),
        ((1, 4), (4, 4)),
        ((3, 8), (6, 8)),
        ((8, 4), (4, 4)),
        ((12, 8), (6, 8)),
        ((6, 4), (3, 4)),
        ((5, 4), None),
        ((9, 8), None),
        ((7, 16), None),
        ((1, 64), None),
    ],
)
def test_bars_of_at_most_four_beats_are_read_as_they_are_and_others_where_they_come_out_even(
    meter: Meter, read: Meter | None
) -> None:
    assert bar_meter(*meter) == read


@pytest.mark.parametrize(
    ("meter", "parts"),
    [
        ((4, 4), [(4, 4)]),
        ((6, 4), [(3, 4)]),
        ((5, 4), [(3, 4), (2, 4)]),
        ((7, 4), [(4, 4), (3, 4)]),
        ((11, 8), [(6, 8), (5, 8)]),
        ((9, 8), []),
        ((11, 4), []),
        ((5, 16), []),
        ((5, 64), []),
    ],
)
def test_longer_bars_of_an_odd_meter_are_read_as_their_halves(meter: Meter, parts: list[Meter]) -> None:
    assert list(bar_parts(*meter)) == parts
    lengths = [round(48 * over / under) for over, under in parts]
    assert BarLines.of_meter(2 * len(parts), meter).lengths.tolist() == 2 * lengths
    assert written_meter(*meter) == ((4, 4) if not parts else parts[0] if len(parts) == 1 else meter)


def test_the_last_bar_of_five_four_is_whole_and_a_change_cuts_it_short() -> None:
    lines = BarLines.of_song(song_in((0, 5, 4), beats=12))
    assert lines.edges.tolist() == [0, 36, 60, 96, 120, 156, 180]
    assert lines.half_edges[:5].tolist() == [0, 24, 36, 48, 60]
    for beat, lengths in ((7, [36, 24, 24]), (8, [36, 24, 36]), (9, [36, 24, 36, 12]), (10, [36, 24, 36, 24])):
        changed = BarLines.of_song(song_in((0, 5, 4), (beat, 4, 4), beats=beat + 4))
        assert changed.lengths.tolist() == [*lengths, 48]
    assert BarLines.of_song(song_in((0, 5, 4), beats=5)).followed_by(3, (5, 4)).lengths.tolist() == [36, 24, 36, 24, 36]


def test_bars_of_four_four_begin_every_48_twelfths_and_the_last_is_whole() -> None:
    lines = BarLines.of_song(song_in((0, 4, 4), beats=10))
    assert lines.edges.tolist() == [0, 48, 96, 144]
    assert lines.half_edges.tolist() == [0, 24, 48, 72, 96, 120, 144]


@pytest.mark.parametrize(
    ("meter", "edges"),
    [
        ((3, 4), [0, 24, 36, 60, 72]),
        ((6, 8), [0, 18, 36, 54, 72]),
        ((12, 8), [0, 18, 36, 54, 72]),
        ((2, 4), [0, 24, 48, 72, 96]),
        ((7, 8), [0, 24, 42, 66, 84]),
    ],
)
def test_half_bars_are_those_of_the_meter(meter: Meter, edges: list[int]) -> None:
    assert BarLines.of_song(song_in((0, *meter), beats=6)).half_edges.tolist() == edges


def test_a_change_of_meter_begins_a_bar_and_cuts_the_one_before_short() -> None:
    lines = BarLines.of_song(song_in((0, 4, 4), (6, 3, 4), (12, 4, 4), beats=20))
    assert lines.lengths.tolist() == [48, 24, 36, 36, 48, 48]
    assert lines.half.tolist() == [24, 24, 24, 24, 24, 24]


def test_a_meter_that_is_named_again_at_a_bar_line_changes_nothing() -> None:
    again = song_in(*((4 * bar, 4, 4) for bar in range(5)), beats=20)
    assert BarLines.of_song(again).edges.tolist() == BarLines.of_song(song_in((0, 4, 4), beats=20)).edges.tolist()


def test_a_song_without_steps_has_no_bars() -> None:
    assert len(BarLines.of_song(song_in((0, 3, 4), beats=0))) == 0


def test_bars_that_follow_have_the_last_meter_of_a_song() -> None:
    song = song_in((0, 4, 4), (8, 12, 8), beats=20)
    assert last_bar_meter(song) == (6, 8)
    assert BarLines.of_song(song).followed_by(2, (3, 4)).lengths.tolist() == [48, 48, 36, 36, 36, 36, 36, 36]


@given(st.lists(st.sampled_from([(4, 4), (3, 4), (7, 8), (2, 4)]), min_size=1, max_size=4), st.integers(0, 200))
def test_places_lead_back_to_steps(meters: list[Meter], step: int) -> None:
    lines = BarLines.of_song(song_in(*((5 * i, *meter) for i, meter in enumerate(meters)), beats=20))
    [place] = lines.places(np.array([step]))
    assert lines.steps(np.array([place])).tolist() == [step]
    bar = place // 48
    assert bar >= len(lines) or place % 48 < lines.lengths[bar]


def test_an_empty_place_is_the_end_of_its_bar() -> None:
    lines = BarLines.even(2, (3, 4))
    assert lines.steps(np.array([0, 35, 36, 47, 48, 90, 96, 100])).tolist() == [0, 35, 36, 36, 36, 72, 72, 76]


def test_some_bars_of_a_song_count_from_their_own_first_step() -> None:
    part = BarLines.of_song(song_in((0, 4, 4), (4, 3, 4), beats=13)).between(1, 3)
    assert part.edges.tolist() == [0, 36, 72]
    assert len(BarLines.even(3).between(2, 2)) == 0
