"""A dataset is written the same way each time, in columns that any program reads."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset_writer import DatasetWriter
from tests.music.test_dataset import SONGS, write


def test_the_same_songs_give_the_same_bytes(tmp_path: Path) -> None:
    assert write(tmp_path / "a.h5").read_bytes() == write(tmp_path / "b.h5").read_bytes()


def test_any_reader_of_hdf5_can_read_the_columns(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path / "d.h5")) as file:
        assert file["notes/row"].compression == "gzip"
        assert file["notes/row"].shuffle
        assert np.array_equal(file["notes/row"][: len(SONGS[0].notes)], SONGS[0].notes.row)


def test_a_segment_too_long_for_a_bank_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="768 steps"):
        DatasetWriter(tmp_path / "d.h5", LPD5, 24, 768, True)
