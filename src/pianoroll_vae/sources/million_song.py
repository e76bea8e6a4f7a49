"""Reads genres from the Million Song Dataset's song files: one HDF5 file per track, at a path given by the track id.

Only the files of requested tracks are opened. The files are untrusted: sizes are compared with limits before memory is
allocated, and the files are read in worker processes, because a damaged file can crash the HDF5 library.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from h5py import h5d, h5f, h5s, h5t

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.paths import is_folder, status
from pianoroll_vae.sources.genres import GenreQuery, Terms, TrackLabels
from pianoroll_vae.sources.npz import damaged_file
from pianoroll_vae.sources.worker_pool import ReadFailure, cores, map_in_workers

MAX_SONG_TERMS = 10_000
MAX_TERM_BYTES = 4096
MAX_HDF5_BYTES = 1 << 30
_BATCH = 64
_TITLES = np.dtype([("title", "S1024"), ("artist_name", "S1024")])
YEAR = np.dtype([("year", "<i4")])


def song_file(root: Path, track_id: str) -> Path:
    """The path of the file of a track."""
    return root / track_id[2] / track_id[3] / track_id[4] / f"{track_id}.h5"


def find_root(folder: Path) -> Path:
    """The folder that contains A/, B/, C/ …: `folder`, or `data` in it as in the published dataset."""
    if not is_folder(folder):
        raise FileUnreadable(f"{folder} is not a folder.", "Name the folder of the Million Song Dataset: --msd DIR.")
    for root in (folder, folder / "data"):
        if any(is_folder(root / chr(letter)) for letter in range(ord("A"), ord("Z") + 1)):
            return root
    raise FileUnreadable(
        f"{folder} is not the Million Song Dataset: it has no folders A, B, C … and no data/A.",
        "Name the folder that contains A/A/A/TR….h5: --msd DIR.",
    )


@dataclass(frozen=True)
class SongFiles:
    """The song files under `root`, read by `workers` processes."""

    root: Path
    workers: int = 0
    name: str = "msd"

    def describe(self) -> str:
        return f"Million Song Dataset song files in {self.root}"

    def may_match(self, query: GenreQuery) -> bool:
        return True  # unknown until the files are open

    def estimated_seconds(self, tracks: int) -> float:
        return 0.5 + tracks * 1e-3 / (self.workers or cores())

    def labels(self, track_ids: Sequence[str], query: GenreQuery) -> Iterator[tuple[str, TrackLabels | ReadFailure]]:
        """The artist terms of those tracks that have a file."""
        batches = [track_ids[start : start + _BATCH] for start in range(0, len(track_ids), _BATCH)]
        for labels in map_in_workers(_ReadSongs(self.root, query), batches, self.workers or cores()):
            yield from labels


@dataclass(frozen=True)
class _ReadSongs:
    root: Path
    query: GenreQuery

    def read(self, track_id: str) -> TrackLabels | None:
        path = song_file(self.root, track_id)
        try:
            return read_song(path, self.query)
        except FileNotFoundError:
            return None

    def pack(
        self, track_ids: Sequence[str], parts: Sequence[TrackLabels | ReadFailure | None]
    ) -> list[tuple[str, TrackLabels | ReadFailure]]:
        return [(track_id, part) for track_id, part in zip(track_ids, parts, strict=True) if part is not None]


def read_song(path: Path, query: GenreQuery) -> TrackLabels:
    """The labels in a song file; title, artist and year only if its terms match the query."""
    try:
        found = status(path)
        if found is None:
            raise FileNotFoundError(path)
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_HDF5_BYTES:
            raise damaged_file(path, f"is not a regular file of at most {MAX_HDF5_BYTES:,} bytes")
        file = h5f.open(os.fsencode(path), h5f.ACC_RDONLY)
        try:
            terms = _read_terms(path, file)
            if not query.matches(terms):
                return TrackLabels(terms)
            titles = _first_row(path, file, b"metadata/songs", _TITLES)
            year = _first_row(path, file, b"musicbrainz/songs", YEAR)
            return TrackLabels(terms, text(titles["title"]), text(titles["artist_name"]), max(int(year["year"]), 0))
        finally:
            file.close()
    except FileNotFoundError:
        raise
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as problem:
        raise damaged_file(
            path, f"is not a song file of the Million Song Dataset, or is cut short: {problem}"
        ) from problem


def _read_terms(path: Path, file: h5py.h5f.FileID) -> Terms:
    names = h5d.open(file, b"metadata/artist_terms")
    weights = h5d.open(file, b"metadata/artist_terms_weight")
    kind = names.get_type()
    if not isinstance(kind, h5t.TypeStringID) or kind.is_variable_str() or kind.get_size() > MAX_TERM_BYTES:
        raise damaged_file(path, "has artist terms that are not strings of a fixed size")
    count = _row_length(path, names, kind.get_size())
    if _row_length(path, weights, 8) != count:
        raise damaged_file(path, "has different numbers of terms and weights")
    texts, numbers = np.empty(count, f"S{kind.get_size()}"), np.empty(count)
    if count:
        names.read(h5s.ALL, h5s.ALL, texts)
        weights.read(h5s.ALL, h5s.ALL, numbers)
    numbers = np.clip(np.nan_to_num(numbers, nan=0.0), 0.0, 1.0)
    return tuple(zip(map(text, texts.tolist()), numbers.tolist(), strict=True))


def _first_row(path: Path, file: h5py.h5f.FileID, name: bytes, kind: np.dtype[np.void]) -> np.void:
    """The fields of `kind` in the first row of a table."""
    table = h5d.open(file, name)
    if _row_length(path, table, table.get_type().get_size()) != 1:
        raise damaged_file(path, f"does not have exactly one row in {name.decode()}")
    row = np.empty(1, kind)
    table.read(h5s.ALL, h5s.ALL, row)
    first: np.void = row[0]
    return first


def _row_length(path: Path, dataset: h5d.DatasetID, item_bytes: int) -> int:
    """The length of a one-dimensional dataset; an error if it or one of its chunks is too large."""
    shape = dataset.shape
    layout = dataset.get_create_plist()
    chunk = layout.get_chunk() if layout.get_layout() == h5d.CHUNKED else (0,)
    if len(shape) != 1 or max(shape[0], chunk[0]) > MAX_SONG_TERMS or item_bytes > MAX_TERM_BYTES * 4:
        raise damaged_file(path, f"has a table of an invalid size {shape}")
    return int(shape[0])


def text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
