"""A patient file takes every write and tells of refusals only when asked."""

import errno
from pathlib import Path

import h5py
import pytest

from pianoroll_vae.music.deferred_error_file import DeferredErrorFile
from tests.full_disk import limit_file_size


def test_hdf5_written_through_it_is_as_good_as_any(tmp_path: Path) -> None:
    file = DeferredErrorFile(tmp_path / "a.h5")
    with h5py.File(file, "w") as content:
        content["numbers"] = range(1000)
    file.close()
    file.raise_deferred()
    with h5py.File(tmp_path / "a.h5") as content:
        assert content["numbers"][999] == 999


def test_an_error_is_kept_until_it_is_raised(tmp_path: Path) -> None:
    file = DeferredErrorFile(tmp_path / "a")
    with limit_file_size(100):
        assert file.write(b"x" * 1000) == 1000
        assert file.write(b"more") == 4
        assert file.truncate(5000) == 5000
    with pytest.raises(OSError) as refusal:
        file.raise_deferred()
    assert refusal.value.errno == errno.EFBIG
    assert (tmp_path / "a").stat().st_size == 100
    file.close()
