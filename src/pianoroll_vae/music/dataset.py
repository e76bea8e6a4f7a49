"""The dataset: all songs of a selection on one grid, in one HDF5 file, split by music into train, valid and test.

    /notes/<column>      the notes of all songs, as `note_columns` packs them
    /songs/<column>      a row for each song: where its notes begin, how many each instrument has, steps, split
    /songs/facts         a line of JSON for each song: ids, title, artist, year, genres
    /changes/<column>    tempo and meter changes of all songs, one after the other; their counts are columns of /songs

The only module of music that imports h5py.
"""

import hashlib
import json
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import ArtifactDamaged, SettingInvalid
from pianoroll_vae.music.band import Band, find_band
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
from pianoroll_vae.music.selection import SongFacts, song_facts
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.splits import SPLITS, Split, split_songs

FORMAT = "vaemusic dataset 1"
_FACTS_CHUNK = 1 << 16
_NOTES_READ_AT_ONCE = 1 << 20
_PACKED: dict[str, Any] = {"compression": "gzip", "shuffle": True}
_TABLE = {
    "first_note": np.int64,
    "instrument_notes": np.int32,
    "steps": np.int32,
    "split": np.uint8,
    "first_tempo": np.float64,
    "first_tempo_change": np.int64,
    "tempo_changes": np.int32,
    "first_meter_change": np.int64,
    "meter_changes": np.int32,
}
_CHANGES = {
    "tempo_step": np.int32,
    "tempo_bpm": np.float64,
    "meter_step": np.int32,
    "meter_over": np.uint16,
    "meter_under": np.uint16,
}
_MAKE_AGAIN = "Make it again: vaemusic preprocess."


@dataclass(frozen=True, kw_only=True)
class SongEntry(SongFacts):
    """What a dataset records of a song beside its notes."""

    split: Split
    steps: int
    notes: tuple[int, ...]
    """How many notes each instrument plays."""

    first_tempo: float


class Dataset:
    """A dataset on disk. Its table of songs is in memory; its notes are read on access."""

    def __init__(
        self, path: Path, about: dict[str, Any], table: dict[str, NDArray[Any]], facts: list[SongFacts]
    ) -> None:
        self.path = path
        self.band = find_band(str(about["band"]))
        self.steps_per_beat = int(about["steps_per_beat"])
        self.segment_steps = int(about["segment_steps"])
        self.has_velocities = bool(about["velocities"])
        self.rounding: Rounding = "nearest" if about.get("rounding") == "nearest" else "touched"
        self.fingerprint = str(about["fingerprint"])
        self._table = table
        self._facts = facts

    @staticmethod
    def open(path: Path) -> "Dataset":
        """The dataset in a file, or an error with the reason why it cannot be used."""
        with _reading(path) as file:
            about = dict(file.attrs)
            if about.get("format") != FORMAT:
                raise ArtifactDamaged(f"{path} is not a dataset of this version of vaemusic.", _MAKE_AGAIN)
            table = {name: column[:] for name, column in file["songs"].items()}
            facts = [song_facts(json.loads(line)) for line in table.pop("facts").tobytes().splitlines()]
            if any(len(column) != len(facts) for column in table.values()):
                raise ArtifactDamaged(f"{path} is damaged: its song columns differ in length.", _MAKE_AGAIN)
            return Dataset(path, about, table, facts)

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
        with _reading(self.path) as file:
            first = int(self._table["first_note"][index])
            columns = self._columns(file, first, first + sum(entry.notes))
            tempo = self._changes(file, "tempo", index)
            meters = self._changes(file, "meter", index)
        return Song(
            self.band,
            unpack(columns),
            entry.steps,
            self.steps_per_beat,
            tempo=tuple((int(step), float(bpm)) for step, bpm in tempo),
            meters=tuple((int(step), int(over), int(under)) for step, over, under in meters),
            name=entry.title,
        )

    def bank(self, split: Split) -> SegmentBank:
        """All whole segments of the songs of a split, in memory."""
        chosen = np.flatnonzero(self._table["split"] == SPLITS.index(split))
        return build_bank(self.notes_of(chosen), len(self.band), self.segment_steps)

    def seconds(self) -> NDArray[np.float64]:
        """(songs,): how long each song lasts, through all its tempo changes."""
        with _reading(self.path) as file:
            step, bpm = (file["changes"][name][:] for name in ("tempo_step", "tempo_bpm"))
        last = self._table["first_tempo_change"] + self._table["tempo_changes"] - 1
        until = np.append(step[1:], 0)
        until[last] = self._table["steps"]
        seconds = np.maximum(until - step, 0) / self.steps_per_beat * 60 / bpm
        return np.add.reduceat(seconds, self._table["first_tempo_change"]) if len(self) else np.zeros(0)

    def notes_of(self, chosen: NDArray[np.intp]) -> Iterator[NoteColumns]:
        """The notes of some songs, about a million at a time; `chosen` ascends."""
        first = self._table["first_note"]
        counts = self._table["instrument_notes"].sum(axis=1, dtype=np.int64)
        with _reading(self.path) as file:
            for songs in np.split(chosen, np.flatnonzero(np.diff(first[chosen] // _NOTES_READ_AT_ONCE)) + 1):
                if not len(songs):
                    continue
                begin, end = int(first[songs[0]]), int(first[songs[-1]] + counts[songs[-1]])
                columns = self._columns(file, begin, end)
                inside = np.concatenate([np.arange(first[s], first[s] + counts[s]) for s in songs]) - begin
                yield unpack_songs(songs, self._table["steps"][songs], counts[songs], columns, inside)

    def _columns(self, file: h5py.File, begin: int, end: int) -> dict[str, NDArray[Any]]:
        return {name: file["notes"][name][begin:end] for name in column_names(self.has_velocities)}

    def _changes(self, file: h5py.File, kind: str, index: int) -> Iterator[tuple[float, ...]]:
        first, count = self._table[f"first_{kind}_change"][index], self._table[f"{kind}_changes"][index]
        names = {"tempo": ("tempo_step", "tempo_bpm"), "meter": ("meter_step", "meter_over", "meter_under")}[kind]
        return zip(*(file["changes"][name][first : first + count].tolist() for name in names), strict=True)


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
            "band": band.name,
            "steps_per_beat": steps_per_beat,
            "segment_steps": segment_steps,
            "velocities": velocities,
        }
        self._rounding = rounding  # beside the digest: where it makes a difference, the notes say so
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
        self._table: dict[str, array[Any]] = {name: array(np.dtype(kind).char) for name, kind in _TABLE.items()}
        self._changes: dict[str, array[Any]] = {name: array(np.dtype(kind).char) for name, kind in _CHANGES.items()}

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
        for name, kind in _TABLE.items():
            shape = (-1, self._instruments) if name == "instrument_notes" else (-1,)
            songs.create_dataset(name, data=np.array(self._table[name], kind).reshape(shape), **_PACKED)
        for name, kind in _CHANGES.items():
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


@contextmanager
def _reading(path: Path) -> Iterator[h5py.File]:
    """The open file; every error of HDF5 becomes one `ArtifactDamaged`."""
    try:
        with h5py.File(path, "r") as file:
            yield file
    except (OSError, KeyError, AttributeError, TypeError, ValueError, RuntimeError) as problem:
        raise ArtifactDamaged(f"{path} cannot be read as a dataset: {problem}", _MAKE_AGAIN) from problem
