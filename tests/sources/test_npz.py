"""Arrays are read from npz files within limits of size; damaged files are errors."""

import os
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.sources.npz import MAX_MEMBERS, Npz
from tests.sources.lakh_files import write


@pytest.mark.parametrize("dtype", ["u1", "<i4", ">i4", "<f8", "?", "<i8"])
def test_arrays_come_back_as_they_were(tmp_path: Path, dtype: str) -> None:
    array = np.arange(100).astype(dtype)
    npz = Npz(write(tmp_path / "a.npz", {"a.npy": array}))
    read = npz.array("a", 100, "biuf")
    assert np.array_equal(read, array)
    assert read.dtype.isnative


def test_what_numpy_saves_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "plain.npz", a=np.arange(5))
    np.savez_compressed(tmp_path / "small.npz", a=np.arange(5))
    for name in ("plain.npz", "small.npz"):
        assert Npz(tmp_path / name).array("a", 5, "i").tolist() == [0, 1, 2, 3, 4]


def test_more_items_than_asked_for_are_refused(tmp_path: Path) -> None:
    npz = Npz(write(tmp_path / "a.npz", {"a.npy": np.zeros(101, np.uint8)}))
    with pytest.raises(FileUnreadable, match="101 items"):
        npz.array("a", 100, "u")


def test_a_zip_bomb_is_refused_before_memory_is_allocated(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", {"a.npy": np.zeros(50_000_000, np.uint8)})
    assert path.stat().st_size < 100_000
    with pytest.raises(FileUnreadable, match="bytes of memory"):
        Npz(path).array("a", 1000, "u")


def test_a_zip_bomb_that_understates_its_size_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", {"a.npy": np.zeros(50_000_000, np.uint8)})
    content = bytearray(path.read_bytes())
    directory = content.rfind(b"PK\x01\x02")
    struct.pack_into("<I", content, directory + 24, 500)
    path.write_bytes(content)
    with pytest.raises(FileUnreadable, match="damaged"):
        Npz(path).array("a", 1000, "u")


@pytest.mark.parametrize("length", [0, 1, 21, 100, 300])
def test_a_file_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    path = write(tmp_path / "a.npz", {"a.npy": np.arange(1000)})
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(FileUnreadable, match=r"empty|cut short"):
        Npz(path)


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", {"a.npy": np.arange(1000)}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    content[2000] ^= 1
    path.write_bytes(content)
    with pytest.raises(FileUnreadable, match="damaged"):
        Npz(path).array("a", 1000, "i")


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.npz", {str(number): b"" for number in range(MAX_MEMBERS + 1)})
    with pytest.raises(FileUnreadable, match="members"):
        Npz(path)


@pytest.mark.parametrize("content", [b"just text, named .npz\n" * 50, b"PK\x05\x06" + b"\xff" * 18])
def test_what_is_no_npz_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(FileUnreadable):
        Npz(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    (tmp_path / "folder.npz").mkdir()
    for name in ("pipe.npz", "folder.npz", "missing.npz"):
        with pytest.raises(FileUnreadable, match=r"not a regular file|cannot be read"):
            Npz(tmp_path / name)
