"""Reads genres with the Million Song Dataset's summary file, which has the artists of tracks, and artist_term.db.

The file has a million rows in compressed tables, so it is read from beginning to end in blocks of bounded size. It is
untrusted and read in a worker process, because a damaged file can crash the HDF5 library.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from h5py import h5d, h5f, h5s
from numpy.typing import NDArray

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.sources.genres import GenreQuery, TrackLabels
from pianoroll_vae.sources.million_song import YEAR, text
from pianoroll_vae.sources.msd_database import ArtistTerms
from pianoroll_vae.sources.worker_pool import ReadFailure, map_in_workers

SUMMARY = "msd_summary_file.h5"
MAX_ROWS = 10_000_000
MAX_ROW_BYTES = 32 << 10
MAX_CHUNK_BYTES = 64 << 20
_ROWS = 4096
_TRACK = np.dtype([("track_id", "S32")])
_SONG = np.dtype([("artist_id", "S32"), ("title", "S1024"), ("artist_name", "S1024")])

_Song = tuple[str, str, str, str, int]
"""track id, artist id, title, artist, year"""


@dataclass(frozen=True)
class Summary:
    """The summary file, and the database of the terms of artists."""

    path: Path
    artist_terms: ArtistTerms
    name: str = "summary"

    def describe(self) -> str:
        return f"the Million Song Dataset's summary {self.path} with {self.artist_terms.path.name}"

    def estimated_seconds(self, tracks: int) -> float:
        return 25.0 + tracks * 2e-5

    def may_match(self, query: GenreQuery) -> bool:
        return not query.min_weight and query.matches_any(self.artist_terms.all_terms())

    def labels(self, track_ids: Sequence[str], query: GenreQuery) -> Iterator[tuple[str, TrackLabels | ReadFailure]]:
        songs = next(map_in_workers(_ReadSummary(frozenset(track_ids)), [[self.path]], workers=1))
        if isinstance(songs, ReadFailure):
            raise FileUnreadable(
                songs.reason, "Replace it with an undamaged copy, or name another source of genres: --source NAME."
            )
        terms = self.artist_terms.terms_of({artist_id for _, artist_id, *_ in songs})
        for track_id, artist_id, title, artist, year in songs:
            if artist_id in terms:
                yield track_id, TrackLabels(terms[artist_id], title, artist, year)


@dataclass(frozen=True)
class _ReadSummary:
    requested: frozenset[str]

    def read(self, path: Path) -> list[_Song]:
        return read_summary(path, self.requested)

    def pack(self, items: Sequence[Path], parts: Sequence[list[_Song] | ReadFailure]) -> list[_Song] | ReadFailure:
        return parts[0]


def read_summary(path: Path, requested: frozenset[str]) -> list[_Song]:
    """The rows of the requested tracks."""
    try:
        file = h5f.open(os.fsencode(path), h5f.ACC_RDONLY)
        try:
            return list(_rows(path, file, requested))
        finally:
            file.close()
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as problem:
        raise FileUnreadable(
            f"{path} is not a summary of the Million Song Dataset, or is cut short: {problem}.",
            "Replace it with an undamaged copy.",
        ) from problem


def _rows(path: Path, file: h5py.h5f.FileID, requested: frozenset[str]) -> Iterator[_Song]:
    tracks, songs, years = (
        _table(path, file, name) for name in (b"analysis/songs", b"metadata/songs", b"musicbrainz/songs")
    )
    rows = tracks.shape[0]
    if not rows == songs.shape[0] == years.shape[0]:
        raise FileUnreadable(f"{path} has tables of unequal length.", "Replace it with an undamaged copy.")
    for start in range(0, rows, _ROWS):
        count = min(_ROWS, rows - start)
        ids = [text(row) for row in _read(tracks, start, count, _TRACK)["track_id"]]
        rows_found = [row for row, track_id in enumerate(ids) if track_id in requested]
        if not rows_found:
            continue
        first, last = rows_found[0], rows_found[-1] + 1  # the wide table is decompressed for these rows only
        song = _read(songs, start + first, last - first, _SONG)
        year = _read(years, start + first, last - first, YEAR)["year"]
        for row in rows_found:
            names = song[row - first]
            song_year = max(0, int(year[row - first]))
            yield ids[row], text(names["artist_id"]), text(names["title"]), text(names["artist_name"]), song_year


def _table(path: Path, file: h5py.h5f.FileID, name: bytes) -> h5d.DatasetID:
    """A one-dimensional table; an error if it or one of its chunks is too large."""
    table = h5d.open(file, name)
    layout = table.get_create_plist()
    chunk = layout.get_chunk() if layout.get_layout() == h5d.CHUNKED else (0,)
    size = table.get_type().get_size()
    if len(table.shape) != 1 or table.shape[0] > MAX_ROWS or size > MAX_ROW_BYTES:
        raise FileUnreadable(
            f"{path} has a table of an invalid size {table.shape}.", "Replace it with an undamaged copy."
        )
    if chunk[0] * size > MAX_CHUNK_BYTES:
        raise FileUnreadable(
            f"{path} is stored in chunks of {chunk[0] * size:,} bytes.", "Replace it with an undamaged copy."
        )
    return table


def _read(table: h5d.DatasetID, start: int, count: int, kind: np.dtype[np.void]) -> NDArray[np.void]:
    """The fields of `kind` in `count` rows from `start`."""
    rows = np.empty(count, kind)
    selection = table.get_space()
    selection.select_hyperslab((start,), (count,))
    table.read(h5s.create_simple((count,)), selection, rows)
    return rows
