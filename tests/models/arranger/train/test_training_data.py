"""Datasets become songs with charts and conditions, from the first bar of a block to some bars before the end."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.arranger.conditions import tempo_class
from pianoroll_vae.models.arranger.train.training_data import (
    ENDING_BARS,
    MIN_BARS,
    MIN_PRIOR_BATCH,
    MIN_PRIOR_UPDATES,
    ArrangerTrainingData,
    without_end,
)
from pianoroll_vae.models.arranger.traits import UNKNOWN_CLASS
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.dataset_writer import DatasetWriter
from pianoroll_vae.music.note_columns import pack
from pianoroll_vae.music.selection import SongFacts
from tests.arranger_dataset import SEGMENT_STEPS, arranger_dataset, loop_song
from tests.small_arranger import SMALL_ARRANGER, loops


def test_a_dataset_without_songs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="no training song") as caught:
        ArrangerTrainingData.from_dataset(arranger_dataset(tmp_path / "d.h5", songs=0), SMALL_ARRANGER)
    assert "vaemusic filter" in caught.value.hint


def test_a_dataset_on_another_grid_is_refused(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "d.h5", LPD5, 4, 64, velocities=True)
    writer.add(pack([loop_song(0, 8).regrid(4, "nearest")], velocities=True), [SongFacts(md5=f"{0:032x}")])
    writer.finish(seed=0)
    with pytest.raises(SettingInvalid, match="learns from 12 steps a beat; this dataset has 4") as caught:
        ArrangerTrainingData.from_dataset(Dataset.open(tmp_path / "d.h5"), SMALL_ARRANGER)
    assert caught.value.hint == "Make it again: vaemusic preprocess"


def genre_dataset(path: Path) -> Dataset:
    writer = DatasetWriter(path, LPD5, 12, SEGMENT_STEPS, velocities=True)
    made = [replace(loop_song(seed, 12), tempo=((0, 90.0 + seed),)) for seed in range(12)]
    facts = [SongFacts(md5=f"{seed:032x}", genres=("blues", "rock") if seed % 2 else ("jazz",)) for seed in range(12)]
    writer.add(pack(made, velocities=True), facts)
    writer.finish(seed=0)
    return Dataset.open(path)


def test_songs_have_the_conditions_of_the_dataset(tmp_path: Path) -> None:
    dataset = genre_dataset(tmp_path / "d.h5")
    data = ArrangerTrainingData.from_dataset(dataset, SMALL_ARRANGER)
    assert data.recipe.genres == ("blues", "jazz", "rock")
    songs = [song for song in dataset.songs if song.split == "train"]
    assert len(data.train) == len(songs)
    for index, song in enumerate(songs):
        conditions = data.train.conditions[index]
        known = tuple(data.recipe.genres[slot] for slot in np.flatnonzero(conditions.genres))
        assert known == tuple(sorted(song.genres))
        assert int(conditions.tempo) == tempo_class(song.first_tempo)
        assert (conditions.traits != UNKNOWN_CLASS).any()


def test_genres_that_a_model_knows_keep_their_places(tmp_path: Path) -> None:
    data = ArrangerTrainingData.from_dataset(
        genre_dataset(tmp_path / "d.h5"), replace(SMALL_ARRANGER, genres=("rock", "ska"))
    )
    assert data.recipe.genres == ("rock", "ska", "blues", "jazz")


@pytest.mark.parametrize(
    ("silent", "playing", "span"),
    [(0, 20, (0, 20 - ENDING_BARS)), (3, 20, (3, 23 - ENDING_BARS)), (0, MIN_BARS + 1, (0, MIN_BARS)), (2, 5, (2, 7))],
)
def test_the_end_of_a_song_is_cut_and_not_a_short_one(silent: int, playing: int, span: tuple[int, int]) -> None:
    nothing = [np.zeros((0, 4), np.uint8)] * 5
    line = [loops(1, seed).cell(0, 4) for seed in range(5)]
    full = next(cell for cell in line if len(cell))
    bars = Bars.from_cells([*nothing * silent, *[full] * (5 * playing), *nothing * 2], 5)
    assert without_end(bars) == span


def test_songs_are_read_in_their_own_meter(tmp_path: Path) -> None:
    writer = DatasetWriter(tmp_path / "d.h5", LPD5, 12, SEGMENT_STEPS, velocities=True)
    made = [replace(loop_song(seed, 18), meters=((0, 3, 4),)) for seed in range(4)]
    writer.add(pack(made, velocities=True), [SongFacts(md5=f"{seed:032x}") for seed in range(4)])
    writer.finish(seed=0)
    data = ArrangerTrainingData.from_dataset(Dataset.open(tmp_path / "d.h5"), SMALL_ARRANGER)
    assert data.train.note[:, 0].max() < 36
    assert (data.train.half == 24).all()


def test_few_songs_have_smaller_batches_for_the_priors(tmp_path: Path) -> None:
    wide = replace(SMALL_ARRANGER, latents=replace(SMALL_ARRANGER.latents, batch_size=32))
    few, many = (
        ArrangerTrainingData.from_dataset(arranger_dataset(tmp_path / f"{songs}.h5", songs=songs, bars=40), wide)
        for songs in (4, 80)
    )
    assert few.batch_size("melody") == MIN_PRIOR_BATCH
    windows = many.train.song_starts[-1] // wide.arranger.context_bars
    assert MIN_PRIOR_BATCH < many.batch_size("conditional") == windows // MIN_PRIOR_UPDATES < 32
    assert few.batch_size("vae") == many.batch_size("vae") == wide.vae.batch_size
