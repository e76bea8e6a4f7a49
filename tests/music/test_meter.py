"""Bars and seconds of a song."""

import numpy as np
import pytest

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.meter import (
    bar_starts,
    bars_between,
    bars_of_steps,
    clock,
    meters_of_downbeats,
    seconds_at,
)
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song


def silence(steps: int, **changes: tuple[tuple[float, ...], ...]) -> Song:
    return Song(LPD5, Notes.empty(), steps, 4, **changes)  # type: ignore[arg-type]


def test_bars_follow_the_meter_and_a_change_begins_a_bar() -> None:
    song = silence(50, meters=((0, 4, 4), (20, 7, 8)))
    assert bar_starts(song).tolist() == [0, 16, 20, 34, 48]


def test_a_song_without_steps_has_no_bars() -> None:
    assert len(bar_starts(silence(0))) == 0


def test_seconds_pass_at_the_tempo_that_holds() -> None:
    song = silence(48, tempo=((0, 120.0), (16, 60.0)))
    assert seconds_at(song, [0, 8, 16, 32, 48]).tolist() == [0, 1, 2, 6, 10]
    assert float(seconds_at(song, song.steps)) == pytest.approx(song.seconds)


def test_a_clock_shows_hours_only_where_there_are_any() -> None:
    assert [clock(seconds) for seconds in np.array([8.5, 59.5, 128, 3728])] == ["0:09", "1:00", "2:08", "1:02:08"]


def test_bars_count_from_one_and_both_ends_are_meant() -> None:
    song = silence(50, meters=((0, 4, 4), (20, 7, 8)))
    part = bars_between(song, 3, 4)
    assert (part.steps, part.meters) == (28, ((0, 7, 8),))
    assert bars_between(song, 5, 99).steps == 2


@pytest.mark.parametrize("bars", [(0, 2), (6, 6), (6, 7)])
def test_bars_that_are_not_there_are_refused(bars: tuple[int, int]) -> None:
    with pytest.raises(SettingInvalid) as caught:
        bars_between(silence(80), *bars)
    assert "the song has 5" in caught.value.message
    assert "count from 1" in caught.value.hint


@pytest.mark.parametrize(
    ("bars", "message", "hint"),
    [
        ((6, 6), "There is no bar 6: the song has 5.", "Bars count from 1."),
        ((3, 2), "Bars 3 to 2 end before they begin.", "Write them as 2-3."),
    ],
)
def test_it_is_said_which_bars_are_wrong(bars: tuple[int, int], message: str, hint: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        bars_between(silence(80), *bars)
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_the_bars_of_steps_are_those_that_begin_there() -> None:
    song = silence(50, meters=((0, 4, 4), (20, 7, 8)))
    assert bars_of_steps(song, 16, 48) == (2, 4)
    assert bars_of_steps(song, 20, 34) == (3, 3)
    assert bars_of_steps(song, 48, 64) == (5, 5)


@pytest.mark.parametrize("meters", [((0, 3, 4),), ((0, 4, 4), (20, 7, 8)), ((0, 2, 4), (8, 5, 4), (48, 3, 4))])
def test_meters_are_read_from_where_bars_begin(meters: tuple[tuple[int, int, int], ...]) -> None:
    song = silence(88, meters=meters)
    read = silence(88, meters=meters_of_downbeats(bar_starts(song).astype(np.int64), 88, 4))
    assert bar_starts(read).tolist() == bar_starts(song).tolist()


def test_a_pickup_is_a_bar_of_its_own() -> None:
    assert meters_of_downbeats(np.array([4, 20, 36]), 50, 4) == ((0, 1, 4), (4, 4, 4))


@pytest.mark.parametrize("downbeats", [[], [0], [5], [0, 16, 31, 47], [0, 10_000]])
def test_downbeats_without_meters_are_of_bars_of_four(downbeats: list[int]) -> None:
    assert meters_of_downbeats(np.array(downbeats, np.int64), 20_000, 6) == ((0, 4, 4),)
