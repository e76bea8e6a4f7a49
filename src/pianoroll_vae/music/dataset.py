"""The dataset: all songs of a selection on one grid, in one HDF5 file, split by music into train, valid and test.

    /notes/<column>      the notes of all songs, as `note_columns` packs them
    /songs/<column>      a row for each song: where its notes begin, how many each instrument has, steps, split
    /songs/facts         a line of JSON for each song: ids, title, artist, year, genres
    /changes/<column>    tempo and meter changes of all songs, one after the other; their counts are columns of /songs

`dataset_writer` writes it. These two modules and `dataset_columns` are the only ones of music that import h5py.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.music.band import find_band
from pianoroll_vae.music.dataset_columns import (
    MAKE_AGAIN,
    FileIdentity,
    column_of,
    group_of,
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
from pianoroll_vae.music.note_columns import COLUMNS, column_names, unpack, unpack_songs
from pianoroll_vae.music.segments import NoteColumns, SegmentBank, build_bank
from pianoroll_vae.music.selection import SongFacts
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.splits import SPLITS, Split
from pianoroll_vae.schema import build, load_json

_NOTES_PER_READ = 1 << 20


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
            notes, songs = group_of(file, "notes"), group_of(file, "songs")
            columns = [column_of(notes, name, COLUMNS[name]) for name in column_names(header.velocities)]
            if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
                raise ValueError("its columns of notes differ in length")
            table = read_table(songs, SONGS)
            changes = read_table(group_of(file, "changes"), CHANGES)
            check_songs(header, table, len(columns[0]), identity_of(file)[2])
            check_changes(header, table, changes)
            lines = read_table(songs, {"facts": np.uint8})["facts"].tobytes().splitlines()
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
        notes = file["notes"]
        return {name: notes[name][begin:end] for name in column_names(self.has_velocities)}

    def _changes_of(self, kind: str, index: int) -> tuple[Any, ...]:
        first, count = self._table[f"first_{kind}_change"][index], self._table[f"{kind}_changes"][index]
        columns = (self._changes[name][first : first + count].tolist() for name in CHANGE_COLUMNS[kind])
        return tuple(zip(*columns, strict=True))
