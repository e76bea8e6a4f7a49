"""Writes a dataset, in the layout that `dataset` describes and reads."""

import hashlib
import json
from array import array
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.dataset_schema import CHANGES, FORMAT, SONGS
from pianoroll_vae.music.deferred_error_file import DeferredErrorFile
from pianoroll_vae.music.grid import MAX_SEGMENT_STEPS
from pianoroll_vae.music.note_columns import (
    CHUNK_NOTES,
    COLUMNS,
    COMPRESSION_LEVEL,
    PackedBatch,
    PackedSong,
    column_names,
)
from pianoroll_vae.music.notes import Rounding
from pianoroll_vae.music.selection import SongFacts
from pianoroll_vae.music.splits import SPLITS, Split, split_songs

_FACTS_CHUNK = 1 << 16
_PACKED: dict[str, Any] = {"compression": "gzip", "shuffle": True}


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
