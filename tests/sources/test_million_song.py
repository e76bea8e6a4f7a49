"""Song files of the Million Song Dataset are found by track id and checked before use."""

import os
from pathlib import Path

import h5py
import numpy as np
import pytest

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.sources.genres import GenreQuery, TrackLabels
from pianoroll_vae.sources.million_song import MAX_SONG_TERMS, SongFiles, find_root, read_song, song_file
from pianoroll_vae.sources.worker_pool import ReadFailure
from tests.sources import msd_files

ID = "TRABCDE128F4200001"
TERMS = (("Blues", 1.0), ("blues-rock", 0.5))
ROCK = GenreQuery(("rock",))


def test_the_path_of_a_song_follows_from_its_id() -> None:
    assert song_file(Path("msd"), ID) == Path(f"msd/A/B/C/{ID}.h5")


def test_a_matching_song_has_title_artist_and_year(tmp_path: Path) -> None:
    path = msd_files.song_file(tmp_path, ID, TERMS, "Crossroads", "Sóme", 1936)
    assert read_song(path, GenreQuery(("blues",))) == TrackLabels(TERMS, "Crossroads", "Sóme", 1936)


def test_a_song_that_does_not_match_has_only_its_terms(tmp_path: Path) -> None:
    assert read_song(msd_files.song_file(tmp_path, ID, TERMS), ROCK) == TrackLabels(TERMS)


def test_a_song_without_terms_is_a_song(tmp_path: Path) -> None:
    assert read_song(msd_files.song_file(tmp_path, ID, ()), ROCK).terms == ()


def test_many_songs_are_read_by_other_processes_and_missing_ones_passed_over(tmp_path: Path) -> None:
    ids = [f"TRABCDE128F42{number:05X}" for number in range(100)]
    for track_id in ids[::2]:
        msd_files.song_file(tmp_path, track_id, TERMS)
    song_file(tmp_path, ids[0]).write_bytes(b"no HDF5")
    labels = dict(SongFiles(tmp_path, workers=2).labels(ids, GenreQuery(("blues",))))
    assert sorted(labels) == ids[::2]
    assert isinstance(labels[ids[0]], ReadFailure)
    assert all(isinstance(labels[track_id], TrackLabels) for track_id in ids[2::2])


def test_the_published_folder_is_recognised_from_above(tmp_path: Path) -> None:
    msd_files.song_file(tmp_path / "data", ID, TERMS)
    assert find_root(tmp_path) == find_root(tmp_path / "data") == tmp_path / "data"


def test_a_folder_that_is_not_the_dataset_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(FileUnreadable) as error:
            find_root(folder)
        assert "--msd" in error.value.hint


@pytest.mark.parametrize("length", [0, 10, 600, 3000])
def test_a_file_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    path = msd_files.song_file(tmp_path, ID, TERMS)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(FileUnreadable, match="cut short"):
        read_song(path, ROCK)


@pytest.mark.parametrize(
    "gone", ["metadata/artist_terms", "metadata/artist_terms_weight", "metadata/songs", "metadata"]
)
def test_a_file_without_its_tables_is_refused(tmp_path: Path, gone: str) -> None:
    path = msd_files.song_file(tmp_path, ID, TERMS)
    with h5py.File(path, "r+") as file:
        del file[gone]
    with pytest.raises(FileUnreadable, match="not a song file"):
        read_song(path, GenreQuery(("blues",)))


@pytest.mark.parametrize(
    ("name", "shape", "dtype", "more"),
    [
        ("metadata/artist_terms", (MAX_SONG_TERMS + 1,), "S256", {}),
        ("metadata/artist_terms", (10**12,), "S256", {"chunks": (10**6,)}),
        ("metadata/artist_terms", (2,), "S256", {"chunks": (10**6,), "maxshape": (None,)}),
        ("metadata/artist_terms", (2, 2), "S256", {}),
        ("metadata/artist_terms", (2,), "f8", {}),
        ("metadata/artist_terms", (2,), "S9999", {}),
        ("metadata/artist_terms", (2,), h5py.string_dtype(), {}),
        ("metadata/artist_terms_weight", (3,), "f8", {}),
        ("metadata/artist_terms_weight", (10**12,), "f8", {"chunks": (10**6,)}),
        ("metadata/songs", (0,), "i4", {}),
        ("metadata/songs", (1,), "i4", {}),
    ],
)
def test_tables_of_invalid_size_or_kind_are_refused(
    tmp_path: Path, name: str, shape: tuple[int, ...], dtype: str, more: dict[str, object]
) -> None:
    path = msd_files.song_file(tmp_path, ID, TERMS)
    with h5py.File(path, "r+") as file:
        del file[name]
        file.create_dataset(name, shape, dtype, **more)
    with pytest.raises(FileUnreadable):
        read_song(path, GenreQuery(("blues",)))


def test_odd_weights_are_brought_between_0_and_1(tmp_path: Path) -> None:
    path = msd_files.song_file(tmp_path, ID, (("a", np.nan), ("b", 7.0), ("c", -1.0)))
    assert read_song(path, ROCK).terms == (("a", 0.0), ("b", 1.0), ("c", 0.0))


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.h5")
    with pytest.raises(FileUnreadable, match="not a regular file"):
        read_song(tmp_path / "pipe.h5", ROCK)
