"""A song keeps its tempo, meter and notes through cutting and regridding."""

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

NOTES = Notes.tidy([0, 2, 4], [60, 40, 36], [0, 12, 47], [24, 12, 1], [90, 80, 100])
SONG = Song(LPD5, NOTES, 96, 24, tempo=((0, 60.0), (48, 120.0)), meters=((0, 4, 4), (72, 3, 4)), name="x")


def test_a_song_lasts_as_long_as_its_tempo_changes_make_it() -> None:
    assert SONG.seconds == pytest.approx(2 + 1)


def test_a_part_of_a_song_has_the_tempo_and_meter_that_hold_there() -> None:
    part = SONG.between(60, 96)
    assert part.tempo == ((0, 120.0),)
    assert part.meters == ((0, 4, 4), (12, 3, 4))
    assert part.steps == 36


def test_a_coarser_grid_keeps_changes_at_their_beats() -> None:
    coarse = SONG.regrid(2)
    assert coarse.steps == 8
    assert coarse.tempo == ((0, 60.0), (4, 120.0))
    assert coarse.meters == ((0, 4, 4), (6, 3, 4))


def test_rolls_and_onsets_have_the_bands_axes() -> None:
    assert SONG.rolls().shape == (5, 96, 128)
    assert SONG.onsets().sum() == 3
    again = Song.from_rolls(LPD5, SONG.rolls(), 24)
    assert np.array_equal(again.rolls(), SONG.rolls())
