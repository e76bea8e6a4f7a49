"""Where the ending of a song begins: at a bar line, and only where hardly a note begins after it."""

from dataclasses import replace

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.ending_reading import find_ending, tempo_before_slowing
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

GRID = 24
BAR = 4 * GRID
PIANO, DRUMS = LPD5.index("piano"), LPD5.index("drums")


def song_of(*bars: list[float], bar: int = BAR, meter: tuple[int, int] = (4, 4), late: int = 0) -> Song:
    """A song whose bars have chords at these beats, the last of which is held to the song's end. late: by how many
    steps each voice of a chord is behind the one before."""
    begins = [round(number * bar + beat * GRID) for number, beats in enumerate(bars) for beat in beats]
    end = len(bars) * bar
    rows = [
        (PIANO, pitch, begin + voice * late, (end if begin == begins[-1] else begin + GRID // 2) - begin - 2 * late, 80)
        for begin in begins
        for voice, pitch in enumerate((60, 64, 67))
    ]
    return Song(LPD5, Notes.tidy(*np.array(rows).T), end, GRID, meters=((0, *meter),))


EIGHTHS = [beat / 2 for beat in range(8)]


@pytest.mark.parametrize(
    ("last", "begin"),
    [
        ([EIGHTHS], None),
        ([[0.0]], 6),
        ([[0.0], [], []], 6),
        ([[0.0, 2.0]], 6),
        ([[0.0, 1.0, 2.0]], None),
        ([[0.0, 1.0, 2.0, 3.0], [0.0]], 7),
        ([EIGHTHS, []], 7),
    ],
)
def test_an_ending_is_the_last_bars_in_which_hardly_a_note_begins(last: list[list[float]], begin: int | None) -> None:
    song = song_of(*[EIGHTHS] * 6, *last)
    assert find_ending(song, song.steps) == (None if begin is None else begin * BAR)


def test_a_quiet_song_and_a_quiet_last_part_are_no_endings() -> None:
    for bars in ([[0.0, 2.0], [0.0]] * 4, [EIGHTHS] * 8 + [[0.0]] * 16):
        song = song_of(*bars)
        assert find_ending(song, song.steps) is None


def test_voices_of_a_chord_that_are_played_one_after_the_other_are_one_moment() -> None:
    song = song_of(*[EIGHTHS] * 6, [0.0], late=1)
    assert find_ending(song, song.steps) == 6 * BAR


def test_an_early_note_belongs_to_the_bar_that_it_begins() -> None:
    song = song_of(*[EIGHTHS] * 6, [-0.05])
    assert find_ending(song, song.steps) == 6 * BAR


@pytest.mark.parametrize(("meter", "beats"), [((3, 4), 3.0), ((7, 16), 1.75), ((5, 4), 5.0)])
def test_an_ending_begins_at_a_bar_line_in_every_meter(meter: tuple[int, int], beats: float) -> None:
    busy = np.arange(0, beats - 0.1, 0.25).tolist()
    bar = round(beats * GRID)
    song = song_of(*[busy] * 6, [0.0], [], bar=bar, meter=meter)
    assert find_ending(song, song.steps) == 6 * bar


def test_what_begins_after_the_place_does_not_count() -> None:
    song = song_of(*[EIGHTHS] * 6, [0.0], *[EIGHTHS] * 2)
    assert find_ending(song, 7 * BAR) == 6 * BAR
    assert find_ending(song, 6 * BAR) is None


@pytest.mark.parametrize(
    ("tempo", "usual"),
    [
        (((0, 120.0),), None),
        (((0, 90.0), (2 * BAR, 120.0), (6 * BAR, 60.0)), 120),
        (((0, 120.0), (5 * BAR, 110.0), (6 * BAR - 48, 90.0), (6 * BAR + 48, 70.0)), 120),
        (((0, 120.0), (6 * BAR, 112.0)), None),
        (((0, 120.0), (6 * BAR, 140.0)), None),
        (((0, 120.0), (7 * BAR, 60.0)), None),
    ],
)
def test_the_tempo_before_a_ritardando_is_that_of_most_of_the_bars_before_the_ending(
    tempo: tuple[tuple[int, float], ...], usual: float | None
) -> None:
    song = replace(song_of(*[EIGHTHS] * 6, [0.0]), tempo=tempo)
    assert tempo_before_slowing(song, 6 * BAR, 7 * BAR) == usual


@pytest.mark.parametrize("bars", [0, 1, 2])
def test_a_song_of_no_more_than_an_ending_has_none(bars: int) -> None:
    song = song_of(*[[0.0]] * bars) if bars else Song(LPD5, Notes.empty(), 0, GRID)
    assert find_ending(song, song.steps) is None
