"""Notes on a grid, the form of music that collections, datasets, MIDI files and piano rolls share.

In a roll two eighths look like one quarter, so notes are kept as notes, and rolls are made of them when
a network needs them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

PITCHES = 128
MAX_VELOCITY = 127
ATTACK = 10
"""A rise of velocity by which a held pitch begins a new note."""

Column = NDArray[np.int64]
"""A number for each note, event or cell."""

Rolls = NDArray[np.uint8]
"""(instruments, steps, 128): velocity of the note that sounds, 0 where none does."""

Onsets = NDArray[np.bool_]
"""(instruments, steps, 128): where a note begins."""

Rounding = Literal["touched", "nearest"]
"""How notes come onto a coarser grid: on every step they touch, or with both ends on the nearest; `Notes.regrid`."""


def round_steps(position: ArrayLike) -> NDArray[np.int64]:
    """The one rounding rule from a fine position to a grid step: to the nearest, halves to the even step."""
    return np.rint(position).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Notes:
    """Equal-length columns sorted by (instrument, pitch, start); on one pitch of an instrument no note overlaps."""

    instrument: NDArray[np.uint8]
    pitch: NDArray[np.uint8]
    start: NDArray[np.int32]
    length: NDArray[np.int32]
    velocity: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.start)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Notes) and all(
            np.array_equal(mine, theirs) for mine, theirs in zip(self.columns, other.columns, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def __getitem__(self, chosen: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "Notes":
        """The notes of a mask, a slice or ascending indices; the order is kept, so the result is sorted too."""
        return _columns(*(column[chosen] for column in self.columns))

    @property
    def columns(self) -> tuple[NDArray[np.integer[Any]], ...]:
        """instrument, pitch, start, length, velocity."""
        return self.instrument, self.pitch, self.start, self.length, self.velocity

    @property
    def end(self) -> NDArray[np.int32]:
        """The first step after each note."""
        return self.start + self.length

    @property
    def row(self) -> NDArray[np.int64]:
        """instrument · 128 + pitch: one row of cells for each."""
        return self.instrument.astype(np.int64) * PITCHES + self.pitch

    @staticmethod
    def empty() -> "Notes":
        return _columns((), (), (), (), ())

    @staticmethod
    def concatenate(parts: Sequence["Notes"]) -> "Notes":
        """All notes of the parts, made tidy; where they collide the later part wins."""
        if not parts:
            return Notes.empty()
        return Notes.tidy(*(np.concatenate(column) for column in zip(*(part.columns for part in parts), strict=True)))

    @staticmethod
    def tidy(
        instrument: ArrayLike, pitch: ArrayLike, start: ArrayLike, length: ArrayLike, velocity: ArrayLike
    ) -> "Notes":
        """Any notes, in any order, as a band can play them.

        An onset cuts the note that still sounds on its pitch; of two onsets at one step the one given last stays.
        Notes without length or velocity, or before the first step, fall away.
        """
        columns = [np.asarray(column, np.int64) for column in (instrument, pitch, start, length, velocity)]
        row = columns[0] * PITCHES + columns[1]
        order = np.lexsort((columns[2], row))  # stable: equal keys stay in the order given
        return _without_overlaps(row[order], *(column[order] for column in columns[2:]))

    @staticmethod
    def from_rolls(rolls: Rolls, onsets: Onsets | None = None) -> "Notes":
        """The notes of (instruments, steps, 128) velocities.

        A note begins where a cell sounds and the one before is silent or has another velocity, which is how the
        Lakh Pianoroll Dataset separates a repeated note from a held one, and wherever `onsets` is True.
        """
        by_pitch = _by_pitch(rolls)
        begins = by_pitch > 0
        begins[..., 1:] &= by_pitch[..., 1:] != by_pitch[..., :-1]
        if onsets is not None:
            begins |= (by_pitch > 0) & onsets.transpose(0, 2, 1)
        return _beginning_at(begins, by_pitch)

    @staticmethod
    def from_performance(rolls: Rolls, drums: NDArray[np.bool_], attack: int = ATTACK) -> "Notes":
        """Notes of velocities that waver from cell to cell, as a network decodes them.

        Of the instruments where `drums` (instruments,) is True every sounding cell is a hit. Elsewhere a note lasts
        while its cells sound and begins anew where the velocity rises by `attack`; it keeps the velocity it began with.
        """
        by_pitch = _by_pitch(rolls)
        begins = by_pitch > 0
        rise = by_pitch[..., 1:].astype(np.int16) - by_pitch[..., :-1]
        begins[..., 1:] &= (by_pitch[..., :-1] == 0) | (rise >= attack) | drums[:, None, None]
        return _beginning_at(begins, by_pitch)

    def rolls(self, instruments: int, steps: int) -> Rolls:
        """(instruments, steps, 128) velocities; what lies beyond `steps` is cut."""
        cells = np.zeros((instruments * PITCHES, steps), np.uint8)
        row, step, note = self.cells(steps)
        cells[row, step] = self.velocity[note]
        return np.ascontiguousarray(cells.reshape(instruments, PITCHES, steps).transpose(0, 2, 1))

    def onsets(self, instruments: int, steps: int) -> Onsets:
        """(instruments, steps, 128): True where a note begins."""
        marks = np.zeros((instruments, steps, PITCHES), np.bool_)
        inside = self.start < steps
        marks[self.instrument[inside], self.start[inside], self.pitch[inside]] = True
        return marks

    def cells(self, steps: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Row, step and index of the note for every cell that sounds before `steps`."""
        length = np.minimum(self.end, steps) - self.start
        length = np.maximum(length, 0).astype(np.int64)
        note = np.repeat(np.arange(len(self)), length)
        first_cell = np.cumsum(length) - length
        step = np.arange(len(note)) - first_cell[note] + self.start[note].astype(np.int64)
        return self.row[note], step, note.astype(np.int64)

    def between(self, start: int, stop: int) -> "Notes":
        """The notes that sound in [start, stop), cut at its edges and shifted so that `start` is step 0."""
        inside = (self.start < stop) & (self.end > start)
        first = np.maximum(self.start[inside], start)
        last = np.minimum(self.end[inside], stop)
        return _columns(self.instrument[inside], self.pitch[inside], first - start, last - first, self.velocity[inside])

    def shifted(self, steps: int) -> "Notes":
        """The same notes, later by `steps`."""
        return _columns(self.instrument, self.pitch, self.start + steps, self.length, self.velocity)

    def regrid(self, steps_per_beat: int, wanted: int, rounding: Rounding = "touched") -> "Notes":
        """The notes on another grid, f being the ratio of the grids; a cell belongs to the last note it is given to.

        Touched: a note on the cells a to b lands on the cells round(a·f) to round(b·f), which is cell by cell what
        pypianoroll's `set_resolution` gives, and lengthens notes that end between two steps. Nearest: a note begins
        and ends at the step nearest to where it did, and is one step long at least, as MIDI is read. Onsets are the
        same by both rules, and on a finer grid so is the rest: there a note keeps its length.
        """
        if wanted == steps_per_beat:
            return self
        factor = wanted / steps_per_beat
        first = round_steps(self.start * factor)
        if rounding == "touched" and factor < 1:
            end = round_steps((self.end - 1) * factor) + 1
        else:
            end = np.maximum(round_steps(self.end * factor), first + 1)
        return _without_overlaps(self.row, first, end - first, self.velocity)


def _by_pitch(rolls: Rolls) -> NDArray[np.uint8]:
    """(instruments, steps, 128) to (instruments, 128, steps), so that a note lies in one row."""
    return np.ascontiguousarray(rolls.transpose(0, 2, 1))


def _beginning_at(begins: NDArray[np.bool_], by_pitch: NDArray[np.uint8]) -> Notes:
    """The notes that begin at these sounding cells (instruments, 128, steps); each lasts until silence or the next."""
    ends = by_pitch > 0
    ends[..., :-1] &= (by_pitch[..., 1:] == 0) | begins[..., 1:]
    first, last, steps = np.flatnonzero(begins), np.flatnonzero(ends), by_pitch.shape[2]
    row, start = np.divmod(first, max(steps, 1))
    return _columns(row // PITCHES, row % PITCHES, start, last - first + 1, by_pitch.ravel()[first])


def _columns(
    instrument: ArrayLike, pitch: ArrayLike, start: ArrayLike, length: ArrayLike, velocity: ArrayLike
) -> Notes:
    return Notes(
        np.asarray(instrument, np.uint8),
        np.asarray(pitch, np.uint8),
        np.asarray(start, np.int32),
        np.asarray(length, np.int32),
        np.asarray(velocity, np.uint8),
    )


def _without_overlaps(row: ArrayLike, start: ArrayLike, length: ArrayLike, velocity: ArrayLike) -> Notes:
    """Notes sorted by (row, start): each one is cut where the next of its row begins."""
    row, start, length, velocity = (np.asarray(column, np.int64) for column in (row, start, length, velocity))
    audible = (start >= 0) & (length > 0) & (velocity > 0)
    if not audible.all():
        row, start, length, velocity = row[audible], start[audible], length[audible], velocity[audible]
    end = start + length
    same_row = row[1:] == row[:-1]
    end[:-1] = np.where(same_row, np.minimum(end[:-1], start[1:]), end[:-1])
    left = end > start
    return _columns(row[left] // PITCHES, row[left] % PITCHES, start[left], (end - start)[left], velocity[left])
