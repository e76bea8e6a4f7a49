"""The dataset: all songs of a selection on one grid, in one HDF5 file, split by music into train, valid and test.

    /notes/<column>      the notes of all songs, as `note_columns` packs them
    /songs/<column>      a row for each song: where its notes begin, how many each instrument has, steps, split
    /songs/facts         a line of JSON for each song: ids, title, artist, year, genres
    /changes/<column>    tempo and meter changes of all songs, one after the other; their counts are columns of /songs

This module and `dataset_columns` are the only ones of music that import h5py.
"""

import hashlib
import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import ArtifactDamaged, SettingInvalid
from pianoroll_vae.music.band import Band, find_band
from pianoroll_vae.music.dataset_columns import (
    MAKE_AGAIN,
    FileIdentity,
    column_of,
    identity_of,
    read_attributes,
    read_table,
    reading,
)
from pianoroll_vae.music.dataset_schema import (
    CHANGE_COLUMNS,
    CHANGES,
    FORMAT,
    SONGS,
    DatasetHeader,
    check_changes,
    check_notes,
    check_songs,
)
from pianoroll_vae.music.deferred_error_file import DeferredErrorFile
from pianoroll_vae.music.grid import MAX_SEGMENT_STEPS
from pianoroll_vae.music.note_columns import (
    CHUNK_NOTES,
    COLUMNS,
    COMPRESSION_LEVEL,
    PackedBatch,
    PackedSong,
    column_names,
    unpack,
    unpack_songs,
)
from pianoroll_vae.music.notes import Rounding
from pianoroll_vae.music.segments import NoteColumns, SegmentBank, build_bank
from pianoroll_vae.music.selection import SongFacts
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.splits import SPLITS, Split, split_songs
from pianoroll_vae.schema import build, load_json

_FACTS_CHUNK = 1 << 16
_NOTES_PER_READ = 1 << 20
_PACKED: dict[str, Any] = {"compression": "gzip", "shuffle": True}


@dataclass(frozen=True, kw_only=True)
class SongEntry(SongFacts):
    """What a dataset records of a song beside its notes."""

    split: Split
    steps: int
    notes: tuple[int, ...]
    """How many notes each instrument plays."""

    first_tempo: float


class Dataset:
    """A dataset on disk. Its table of songs is in memory; its notes are read, and checked, on access."""

    def __init__(
        self,
        path: Path,
        identity: FileIdentity,
        header: DatasetHeader,
        table: dict[str, NDArray[Any]],
        changes: dict[str, NDArray[Any]],
        facts: list[SongFacts],
    ) -> None:
        self.path = path
        self.band = find_band(header.band)
        self.steps_per_beat = header.steps_per_beat
        self.segment_steps = header.segment_steps
        self.has_velocities = header.velocities
        self.rounding = header.rounding
        self.fingerprint = header.fingerprint
        self._identity = identity
        self._header = header
        self._table = table
        self._changes = changes
        self._facts = facts

    @staticmethod
    def open(path: Path) -> "Dataset":
        """The dataset in a file, or an error with the reason why it cannot be used."""
        with reading(path) as file:
            attributes = read_attributes(file, tuple(entry.name for entry in fields(DatasetHeader)))
            if attributes.get("format") != FORMAT:
                raise ArtifactDamaged(f"{path} is not a dataset of this version of vaemusic.", MAKE_AGAIN)
            header = build(DatasetHeader, attributes)
            columns = [column_of(file, "notes", name, COLUMNS[name]) for name in column_names(header.velocities)]
            if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
                raise ValueError("its columns of notes differ in length")
            table = read_table(file, "songs", SONGS)
            changes = read_table(file, "changes", CHANGES)
            check_songs(header, table, len(columns[0]), identity_of(file)[2])
            check_changes(header, table, changes)
            lines = read_table(file, "songs", {"facts": np.uint8})["facts"].tobytes().splitlines()
            if len(lines) != len(table["split"]):
                raise ValueError("its facts are not those of its songs")
            facts = [build(SongFacts, load_json(line)) for line in lines]
            return Dataset(path, identity_of(file), header, table, changes, facts)

    def __len__(self) -> int:
        return len(self._facts)

    @cached_property
    def songs(self) -> tuple[SongEntry, ...]:
        """An entry for each song, in the order of the dataset."""
        steps, split, notes, tempo = (
            self._table[name].tolist() for name in ("steps", "split", "instrument_notes", "first_tempo")
        )
        return tuple(
            SongEntry(
                **vars(known),
                split=SPLITS[split[song]],
                steps=steps[song],
                notes=tuple(notes[song]),
                first_tempo=tempo[song],
            )
            for song, known in enumerate(self._facts)
        )

    def song(self, index: int) -> Song:
        """A whole song; velocities are 1 where the dataset keeps none."""
        entry = self.songs[index]
        [notes] = self.notes_of(np.array([index]))
        return Song(
            self.band,
            unpack(notes),
            entry.steps,
            self.steps_per_beat,
            tempo=self._changes_of("tempo", index),
            meters=self._changes_of("meter", index),
            name=entry.title,
        )

    def bank(self, split: Split) -> SegmentBank:
        """All whole segments of the songs of a split, in memory."""
        chosen = np.flatnonzero(self._table["split"] == SPLITS.index(split))
        return build_bank(self.notes_of(chosen), len(self.band), self.segment_steps)

    def seconds(self) -> NDArray[np.float64]:
        """(songs,): how long each song lasts, through all its tempo changes."""
        step, bpm = self._changes["tempo_step"], self._changes["tempo_bpm"]
        last = self._table["first_tempo_change"] + self._table["tempo_changes"] - 1
        until = np.append(step[1:], 0)
        until[last] = self._table["steps"]
        seconds = np.maximum(until - step, 0) / self.steps_per_beat * 60 / bpm
        return np.add.reduceat(seconds, self._table["first_tempo_change"]) if len(self) else np.zeros(0)

    def notes_of(self, chosen: NDArray[np.intp]) -> Iterator[NoteColumns]:
        """The notes of some songs, about a million at a time; `chosen` ascends."""
        first = self._table["first_note"]
        counts = self._table["instrument_notes"].sum(axis=1, dtype=np.int64)
        with reading(self.path, self._identity) as file:
            for songs in np.split(chosen, np.flatnonzero(np.diff(first[chosen] // _NOTES_PER_READ)) + 1):
                if not len(songs):
                    continue
                begin, end = int(first[songs[0]]), int(first[songs[-1]] + counts[songs[-1]])
                columns = self._columns(file, begin, end)
                inside = np.concatenate([np.arange(first[s], first[s] + counts[s]) for s in songs]) - begin
                part = unpack_songs(songs, self._table["steps"][songs], counts[songs], columns, inside)
                check_notes(self._header, self._table, part)
                yield part

    def _columns(self, file: h5py.File, begin: int, end: int) -> dict[str, NDArray[Any]]:
        return {name: file["notes"][name][begin:end] for name in column_names(self.has_velocities)}

    def _changes_of(self, kind: str, index: int) -> tuple[Any, ...]:
        first, count = self._table[f"first_{kind}_change"][index], self._table[f"{kind}_changes"][index]
        columns = (self._changes[name][first : first + count].tolist() for name in CHANGE_COLUMNS[kind])
        return tuple(zip(*columns, strict=True))


class DatasetWriter:
    """Writes a dataset batch by batch, in memory that does not grow with the notes.

    The same batches in the same order give the same bytes. `path` is written in place: give a temporary name.
    """

    def __init__(
        self,
        path: Path,
        band: Band,
        steps_per_beat: int,
        segment_steps: int,
        velocities: bool,
        rounding: Rounding = "touched",
    ) -> None:
        if not 1 <= segment_steps <= MAX_SEGMENT_STEPS:
            raise SettingInvalid(
                f"A segment of {segment_steps} steps is not possible.",
                f"Choose beats and steps a beat so that it has 1 to {MAX_SEGMENT_STEPS}.",
            )
        self._disk = DeferredErrorFile(path)
        self._file = h5py.File(self._disk, "w")
        self._about = {
            "format": FORMAT,
            "band": band.stored,
            "steps_per_beat": steps_per_beat,
            "segment_steps": segment_steps,
            "velocities": velocities,
        }
        self._rounding = rounding  # not in the digest: where the rounding matters, the notes differ
        self._digest = hashlib.sha256(json.dumps(self._about).encode())
        notes = self._file.create_group("notes")
        for name in column_names(velocities):
            shape = {"shape": (0,), "maxshape": (None,), "chunks": (CHUNK_NOTES,)}
            notes.create_dataset(name, dtype=COLUMNS[name], shuffle=True, compression=COMPRESSION_LEVEL, **shape)
        self._instruments = len(band)
        self._padded = 0
        growing = {"shape": (0,), "maxshape": (None,), "chunks": (_FACTS_CHUNK,), **_PACKED}
        self._facts = self._file.create_dataset("songs/facts", dtype=np.uint8, **growing)
        self._md5s: list[str] = []
        self._table: dict[str, array[Any]] = {name: array(np.dtype(kind).char) for name, kind in SONGS.items()}
        self._changes: dict[str, array[Any]] = {name: array(np.dtype(kind).char) for name, kind in CHANGES.items()}

    def add(self, batch: PackedBatch, facts: Sequence[SongFacts]) -> None:
        """Append the songs of a batch, with what is known of each."""
        first_note, lines = self._padded, bytearray()
        for song, known in zip(batch.songs, facts, strict=True):
            self._add_song(song, first_note)
            first_note += sum(song.notes)
            values = {field.name: getattr(known, field.name) for field in fields(SongFacts)}
            lines += json.dumps(values).encode() + b"\n"
            self._md5s.append(known.md5)
        self._facts.resize((len(self._facts) + len(lines),))
        self._facts[len(self._facts) - len(lines) :] = np.frombuffer(lines, np.uint8)
        self._digest.update(lines)
        self._digest.update(batch.digest)
        for name, chunks in batch.chunks.items():
            column = self._file["notes"][name]
            column.resize((self._padded + batch.padded,))
            for number, chunk in enumerate(chunks):
                column.id.write_direct_chunk((self._padded + number * CHUNK_NOTES,), chunk)
            self._disk.raise_deferred()
        self._padded += batch.padded

    def finish(self, seed: int) -> dict[Split, int]:
        """Split the songs, complete the file and close it; returns how many songs each split has."""
        splits = split_songs(self._md5s, seed)
        self._table["split"].extend(SPLITS.index(split) for split in splits)
        self._digest.update(repr(splits).encode())
        songs, changes = self._file["songs"], self._file.create_group("changes")
        for name, kind in SONGS.items():
            shape = (-1, self._instruments) if name == "instrument_notes" else (-1,)
            songs.create_dataset(name, data=np.array(self._table[name], kind).reshape(shape), **_PACKED)
        for name, kind in CHANGES.items():
            changes.create_dataset(name, data=np.array(self._changes[name], kind), **_PACKED)
        self._file.attrs.update(self._about, rounding=self._rounding, fingerprint=self._digest.hexdigest()[:32])
        self.close()
        return {split: splits.count(split) for split in SPLITS}

    def close(self) -> None:
        """Let go of the file, finished or not; raises OSError if the disk did not take all of it."""
        self._file.close()
        self._disk.close()
        self._disk.raise_deferred()

    def _add_song(self, song: PackedSong, first_note: int) -> None:
        row: dict[str, float] = {
            "first_note": first_note,
            "steps": song.steps,
            "first_tempo": song.tempo[0][1],
            "first_tempo_change": len(self._changes["tempo_step"]),
            "tempo_changes": len(song.tempo),
            "first_meter_change": len(self._changes["meter_step"]),
            "meter_changes": len(song.meters),
        }
        for name, value in row.items():
            self._table[name].append(value)
        self._table["instrument_notes"].extend(song.notes)
        for step, bpm in song.tempo:
            self._changes["tempo_step"].append(step)
            self._changes["tempo_bpm"].append(bpm)
        for step, over, under in song.meters:
            self._changes["meter_step"].append(step)
            self._changes["meter_over"].append(over)
            self._changes["meter_under"].append(under)
