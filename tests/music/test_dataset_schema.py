"""No dataset that breaks the schema is used: it is refused when it is opened, or when the notes are read."""

import random
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pianoroll_vae.errors import ArtifactDamaged, ArtifactStale
from pianoroll_vae.music.dataset import Dataset
from tests.music.test_dataset import SONGS, write
from tests.wrong_datasets import (
    BREAKAGES,
    COLUMN_NAMES,
    OUTSIDE,
    WRONG_ATTRIBUTES,
    WRONG_FACTS,
    break_anything,
    break_attribute,
    break_column,
    break_facts,
    break_value,
)

NOTES = sum(len(song.notes) for song in SONGS[:5])
"""Of the first batch, which padding follows."""

MOST_MEMORY = 100 << 20
Break = Callable[[Path], None]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("sound") / "d.h5")


def use_all(path: Path) -> None:
    """Everything that commands read of a dataset."""
    dataset = Dataset.open(path)
    assert len(dataset.songs) == len(dataset)
    dataset.seconds()
    for split in ("train", "valid", "test"):
        dataset.bank(split)
    for index in range(len(dataset)):
        dataset.song(index)


def refused(sound: Path, break_it: Break) -> None:
    path = sound.with_name("broken.h5")
    shutil.copyfile(sound, path)
    break_it(path)
    with pytest.raises(ArtifactDamaged) as caught:
        use_all(path)
    assert "vaemusic preprocess" in caught.value.hint


def test_the_sound_one_is_used(sound: Path) -> None:
    use_all(sound)


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(COLUMN_NAMES), st.sampled_from(BREAKAGES), st.integers(0, 1000))
def test_a_column_that_is_not_what_it_must_be_is_refused(sound: Path, name: str, breakage: Any, seed: int) -> None:
    refused(sound, lambda path: break_column(path, name, breakage, seed))


@settings(deadline=None, max_examples=50)
@given(st.sampled_from(sorted(OUTSIDE)), st.data())
def test_a_value_out_of_its_bounds_is_refused(sound: Path, name: str, data: st.DataObject) -> None:
    value, seed = data.draw(st.sampled_from(OUTSIDE[name])), data.draw(st.integers(0, 1000))
    refused(sound, lambda path: break_value(path, name, value, NOTES, seed))


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG_ATTRIBUTES.items() for value in values], ids=str
)
def test_a_wrong_attribute_is_refused(sound: Path, name: str, value: Any) -> None:
    refused(sound, lambda path: break_attribute(path, name, value))


@pytest.mark.parametrize("line", WRONG_FACTS, ids=lambda line: line[:30].decode())
def test_facts_that_are_none_are_refused(sound: Path, line: bytes) -> None:
    refused(sound, lambda path: break_facts(path, line, 3))


def test_notes_that_overlap_are_refused(sound: Path) -> None:
    def overlap(path: Path) -> None:
        with h5py.File(path, "r+") as file:
            row, delta, length = (file[f"notes/{name}"] for name in ("row", "start_delta", "length"))
            second = int(np.flatnonzero(np.diff(row[:NOTES].astype(int)) == 0)[0]) + 1
            length[second - 1] = delta[second] + 1

    refused(sound, overlap)


def test_a_small_file_takes_little_memory(sound: Path) -> None:
    tracemalloc.start()
    try:
        for seed in range(20):
            try:
                break_anything(sound.with_name("broken.h5"), sound, NOTES, random.Random(seed))
                use_all(sound.with_name("broken.h5"))
            except ArtifactDamaged:
                continue
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()


def test_a_dataset_that_is_replaced_while_it_is_read_is_an_error(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "d.h5"
    shutil.copyfile(sound, path)
    dataset = Dataset.open(path)
    shutil.copyfile(sound, tmp_path / "other.h5")
    (tmp_path / "other.h5").replace(path)
    with pytest.raises(ArtifactStale, match="was replaced while it was read") as caught:
        dataset.bank("train")
    assert caught.value.hint == "Run the command again."
