"""What a dataset must be before any of it is used: bounds of its values, and how its columns belong together.

Sizes are compared with the size of the file, so that a small file takes little memory. A ValueError has
what is wrong as its message.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.band import find_band, require_band
from pianoroll_vae.music.grid import MAX_SEGMENT_STEPS, MAX_STEPS_PER_BEAT
from pianoroll_vae.music.midi_score import MAX_SONG_BEATS
from pianoroll_vae.music.note_columns import CHUNK_NOTES
from pianoroll_vae.music.notes import MAX_VELOCITY, PITCHES, Rounding
from pianoroll_vae.music.segments import NoteColumns
from pianoroll_vae.music.splits import SPLITS
from pianoroll_vae.schema import bounded

FORMAT = "vaemusic dataset 1"
SONGS: dict[str, type[np.generic]] = {
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
CHANGES: dict[str, type[np.generic]] = {
    "tempo_step": np.int32,
    "tempo_bpm": np.float64,
    "meter_step": np.int32,
    "meter_over": np.uint16,
    "meter_under": np.uint16,
}
CHANGE_COLUMNS = {"tempo": ("tempo_step", "tempo_bpm"), "meter": ("meter_step", "meter_over", "meter_under")}
TEMPO_BOUNDS = (1.0, 60_000_000.0)
"""Beats a minute; MIDI has 3.6 to 60,000,000."""

NOTES_PER_BYTE = 16
"""Of the file; in LPD-5 there are 1 to 2."""

PIECES_PER_NOTE, SPARE_PIECES = 64, 1 << 16
"""Into how many segments notes may be cut: nearly all lie in one."""

SLOTS_PER_NOTE, SPARE_SLOTS = 64, 1 << 22
"""How many segments of an instrument there may be."""

Table = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class DatasetHeader:
    """The attributes of the file."""

    format: str
    band: str
    fingerprint: str
    steps_per_beat: int = bounded(2, 1, MAX_STEPS_PER_BEAT)
    segment_steps: int = bounded(32, 1, MAX_SEGMENT_STEPS)
    velocities: bool = True
    rounding: Rounding = "touched"

    def __post_init__(self) -> None:
        require_band(self.band)

    @property
    def instruments(self) -> int:
        return len(find_band(self.band))


def check_songs(header: DatasetHeader, songs: Table, notes: int, file_size: int) -> None:
    """songs: the columns of `SONGS`; notes: rows of the columns of notes."""
    count = len(songs["split"])
    for name, column in songs.items():
        wanted = (count, header.instruments) if name == "instrument_notes" else (count,)
        _require(column.shape == wanted, f"song column {name} has shape {column.shape}, not {wanted}")
    _require_within("split", songs["split"], 0, len(SPLITS) - 1)
    _require_within("steps", songs["steps"], 0, MAX_SONG_BEATS * header.steps_per_beat)
    _require_within("instrument_notes", songs["instrument_notes"], 0, notes)
    played = songs["instrument_notes"].sum(axis=1, dtype=np.int64)
    total = int(played.sum())
    _require(total <= NOTES_PER_BYTE * file_size, "notes are more than the file can hold")
    gaps = songs["first_note"] - np.concatenate(([0], (songs["first_note"] + played)[:-1]))
    _require_within("first_note", songs["first_note"], 0, notes)
    _require(((gaps >= 0) & (gaps < CHUNK_NOTES))[: len(gaps)].all(), "songs do not follow one another")
    _require(count == 0 or int(songs["first_note"][-1] + played[-1]) <= notes, "notes are fewer than the songs have")
    slots = int((songs["steps"] // header.segment_steps).sum(dtype=np.int64)) * header.instruments
    _require(slots <= SLOTS_PER_NOTE * total + SPARE_SLOTS, "songs are too long for their notes")


def check_changes(header: DatasetHeader, songs: Table, changes: Table) -> None:
    """changes: the columns of `CHANGES`."""
    longest = MAX_SONG_BEATS * header.steps_per_beat
    for kind, columns in CHANGE_COLUMNS.items():
        first, count, step = songs[f"first_{kind}_change"], songs[f"{kind}_changes"], changes[f"{kind}_step"]
        shapes = {changes[name].shape for name in columns}
        _require(len(shapes) == 1 and step.ndim == 1, f"{kind} columns differ in length")
        _require_within(f"{kind}_changes", count, 1, len(step))
        before = np.cumsum(count, dtype=np.int64) - count
        _require(np.array_equal(first, before), f"first_{kind}_change is not where the song before ends")
        _require(int(count.sum(dtype=np.int64)) == len(step), f"{kind} columns are not those of the songs")
        _require_within(f"{kind}_step", step, 0, longest)
        _require(not step[first].any(), f"the first {kind} of a song is not at its begin")
        begins = np.zeros(len(step), np.bool_)
        begins[first] = True
        _require(((np.diff(step) >= 0) | begins[1:]).all(), f"changes of {kind} are not in order")
    _require_within("tempo_bpm", changes["tempo_bpm"], *TEMPO_BOUNDS)
    _require_within("meter_over", changes["meter_over"], 1, 255)
    _require_within("meter_under", changes["meter_under"], 1, 64)
    _require(
        np.array_equal(songs["first_tempo"], changes["tempo_bpm"][songs["first_tempo_change"]]),
        "first_tempo is not the tempo of the first change",
    )


def check_notes(header: DatasetHeader, songs: Table, notes: NoteColumns) -> None:
    """Notes as `Notes` has them: in order, without overlaps, within their songs."""
    end = notes.start + notes.length
    song = np.repeat(np.arange(len(notes.songs)), notes.counts)
    _require_within("row", notes.row, 0, header.instruments * PITCHES - 1)
    instruments = song * header.instruments + notes.row // PITCHES
    played = np.bincount(instruments, minlength=len(notes.songs) * header.instruments)
    wanted = songs["instrument_notes"][notes.songs].reshape(-1)
    _require(np.array_equal(played, wanted), "notes are of other instruments than the table of songs has")
    _require_within("length", notes.length, 1, 2**31 - 1)
    _require_within("start", notes.start, 0, 2**31 - 1)
    _require_within("velocity", notes.velocity, 1, MAX_VELOCITY)
    _require((end <= notes.steps[song]).all(), "notes end after their songs")
    follows = (np.diff(song) == 0) & (np.diff(notes.row) == 0)
    ordered = (notes.start[1:] >= end[:-1])[follows].all() and (np.diff(song * (1 << 16) + notes.row) >= 0).all()
    _require(bool(ordered), "notes are not in order, or overlap")
    pieces = int((notes.length // header.segment_steps).sum()) + 2 * len(notes.row)
    _require(pieces <= PIECES_PER_NOTE * len(notes.row) + SPARE_PIECES, "notes last too long")


def _require(holds: bool | np.bool_, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)


def _require_within(name: str, values: NDArray[Any], minimum: float, maximum: float) -> None:
    """Every value is within the bounds; nan is outside of all."""
    _require(bool(((values >= minimum) & (values <= maximum)).all()), f"{name} is not from {minimum} to {maximum}")
