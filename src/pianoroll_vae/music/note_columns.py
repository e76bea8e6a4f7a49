"""Packs the notes of many songs into columns of compressed chunks, and unpacks them.

Worker processes compress, so that the process that writes the file only appends bytes. A chunk is what HDF5's own
shuffle and gzip filters would make of it: any HDF5 reader can read the file.
"""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.notes import PITCHES, Notes
from pianoroll_vae.music.segments import NoteColumns
from pianoroll_vae.music.song import Song

CHUNK_NOTES = 16_384
"""Notes in a chunk; the songs of one batch fill whole chunks, the last one padded with zeros."""
COMPRESSION_LEVEL = 5
"""4 % larger than what level 6 makes, in three quarters of its time."""
COLUMNS: dict[str, type[np.generic]] = {
    "start_delta": np.int32,  # from the note before of the same song, in (instrument, pitch, start) order
    "row": np.uint16,  # instrument · 128 + pitch
    "length": np.int32,
    "velocity": np.uint8,  # only if the recipe has velocities
}


def column_names(velocities: bool) -> tuple[str, ...]:
    """The columns a dataset has."""
    return tuple(name for name in COLUMNS if velocities or name != "velocity")


@dataclass(frozen=True)
class PackedSong:
    """What a dataset keeps of a song beside its notes."""

    steps: int
    notes: tuple[int, ...]
    """How many notes each instrument plays."""

    tempo: tuple[tuple[int, float], ...]
    meters: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class PackedBatch:
    """Some songs, one after the other: `chunks[column]` compressed, `padded` notes in all, padding included."""

    songs: tuple[PackedSong, ...]
    chunks: dict[str, tuple[bytes, ...]]
    padded: int
    digest: bytes
    """Of what is inside, whatever the compressor made of it."""


def pack(songs: Sequence[Song], velocities: bool) -> PackedBatch:
    """Songs of one band on one grid, ready to append to a dataset."""
    columns = _columns([song.notes for song in songs], velocities)
    packed = tuple(
        PackedSong(
            song.steps,
            tuple(np.bincount(song.notes.instrument, minlength=len(song.band)).tolist()),
            song.tempo,
            song.meters,
        )
        for song in songs
    )
    digest = hashlib.sha256(repr(packed).encode())
    for column in columns.values():
        digest.update(column.data)
    chunks = {name: tuple(_compress(column)) for name, column in columns.items()}
    return PackedBatch(packed, chunks, len(columns["row"]), digest.digest())


def unpack(song: NoteColumns) -> Notes:
    """The notes of one song."""
    return Notes(
        (song.row // PITCHES).astype(np.uint8),
        (song.row % PITCHES).astype(np.uint8),
        song.start.astype(np.int32),
        song.length.astype(np.int32),
        song.velocity,
    )


def unpack_songs(
    songs: NDArray[np.intp],
    steps: NDArray[Any],
    counts: NDArray[np.int64],
    columns: dict[str, NDArray[Any]],
    inside: NDArray[np.intp],
) -> NoteColumns:
    """The notes at the places `inside` of the columns, which are those of `songs`."""
    start = np.cumsum(columns["start_delta"][inside], dtype=np.int64)
    ends = np.cumsum(counts)
    before = np.concatenate((np.zeros(1, np.int64), start))[ends - counts]  # where the song before left the sum
    row = columns["row"][inside].astype(np.int64)
    velocity = columns["velocity"][inside] if "velocity" in columns else np.ones(len(row), np.uint8)
    return NoteColumns(
        songs.astype(np.int32),
        steps.astype(np.int64),
        counts,
        row,
        start - np.repeat(before, counts),
        columns["length"][inside].astype(np.int64),
        velocity,
    )


def _columns(songs: list[Notes], velocities: bool) -> dict[str, NDArray[np.generic]]:
    filled = sum(map(len, songs))
    padded = -(-filled // CHUNK_NOTES) * CHUNK_NOTES
    columns = {name: np.zeros(padded, COLUMNS[name]) for name in column_names(velocities)}
    begin = 0
    for notes in songs:
        end = begin + len(notes)
        columns["start_delta"][begin:end] = np.diff(notes.start, prepend=np.int32(0))
        columns["row"][begin:end] = notes.row
        columns["length"][begin:end] = notes.length
        if velocities:
            columns["velocity"][begin:end] = notes.velocity
        begin = end
    return columns


def _compress(column: NDArray[np.generic]) -> list[bytes]:
    """Each chunk with its first bytes first, then all second bytes and so on, deflated."""
    chunks = np.ascontiguousarray(column).view(np.uint8).reshape(-1, CHUNK_NOTES, column.itemsize)
    return [zlib.compress(np.ascontiguousarray(chunk.T).data, COMPRESSION_LEVEL) for chunk in chunks]
