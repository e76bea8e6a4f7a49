"""Songs as bars: the notes that each instrument begins in each bar, and which bars repeat earlier ones.

A bar has 48 places, twelfths of a beat, so that a beat has sixteenths and triplets; shorter bars leave some empty (see
`music.bar_lines`). Notes belong to the bar in which they begin. Two bars of an instrument are the same if their notes
agree in place, pitch and length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.music.bar_lines import BarLines
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

LENGTHS = np.array(sorted({*range(3, 49, 3), 4, 8, 16, 20, 28, 32, 40, 44, 60, 72, 84, 96, 120, 144, 192}))
"""How long a note may last, in twelfths of a beat, and in places where it is held over a bar line."""

_NEAREST = np.abs(np.arange(LENGTHS[-1] + 1)[:, None] - LENGTHS).argmin(1).astype(np.uint8)
"""(193,): twelfths to the place in `LENGTHS`."""

VELOCITIES = 8
"""Classes of 16 velocities each."""

NOTE_COLUMNS = 4
"""place in the bar, pitch, place of the length in LENGTHS, class of velocity"""

BarNotes = NDArray[np.uint8]
"""(notes, NOTE_COLUMNS), by place, then pitch."""

SILENT = -1
"""The source of a bar in which no note begins."""


@dataclass(frozen=True, eq=False)
class Bars:
    """Cells are bars × instruments, bar by bar: cell = bar · instruments + instrument."""

    instruments: int
    notes: BarNotes
    """(notes, NOTE_COLUMNS): all cells' notes, one cell after the other."""

    first: NDArray[np.int64]
    """(cells + 1,): where each cell's notes begin."""

    source: NDArray[np.int32]
    """(cells,): the first bar in which the instrument writes the same, `SILENT` where it writes nothing."""

    lines: BarLines
    """Where the bars lie in the song."""

    def __len__(self) -> int:
        """Bars."""
        return len(self.source) // self.instruments

    def cell(self, bar: int, instrument: int) -> BarNotes:
        cell = bar * self.instruments + instrument
        return self.notes[self.first[cell] : self.first[cell + 1]]

    @staticmethod
    def from_notes(notes: Notes, steps: int, drums: NDArray[np.bool_], lines: BarLines | None = None) -> "Bars":
        """The bars of `notes` on a grid of twelfths; `drums` (instruments,) have no lengths. lines: those of the song,
        which has `steps` steps; None: bars of 4/4."""
        lines = lines or BarLines.even(-(-steps // TWELFTHS_PER_BAR))
        instruments = len(drums)
        notes = notes[notes.start < lines.edges[-1]]
        pitch, instrument, place = notes.pitch, notes.instrument.astype(np.int64), lines.places(notes.start)
        length = _NEAREST[np.minimum(lines.places(notes.end - 1) + 1 - place, LENGTHS[-1])]
        length[drums[instrument]] = 0
        cell = place // TWELFTHS_PER_BAR * instruments + instrument
        order = np.lexsort((pitch, place % TWELFTHS_PER_BAR, cell))
        velocity = notes.velocity // (128 // VELOCITIES)
        columns = np.stack([(place % TWELFTHS_PER_BAR).astype(np.uint8), pitch, length, velocity], 1)[order]
        first = _begins(np.bincount(cell, minlength=len(lines) * instruments))
        return Bars(instruments, columns, first, _sources(columns, first, instruments), lines)

    @staticmethod
    def from_cells(cells: Sequence[BarNotes], instruments: int, lines: BarLines | None = None) -> "Bars":
        """Bars of what each instrument plays in the first bar, then in the second, and so on; without notes on places
        that a bar leaves empty. lines: None: bars of 4/4."""
        lines = lines or BarLines.even(len(cells) // instruments)
        notes = np.concatenate([np.zeros((0, NOTE_COLUMNS), np.uint8), *cells])
        return Bars.from_columns(notes, np.repeat(np.arange(len(cells)), [*map(len, cells)]), instruments, lines)

    @staticmethod
    def from_columns(notes: BarNotes, cell: NDArray[np.int64], instruments: int, lines: BarLines) -> "Bars":
        """The same of notes (notes, NOTE_COLUMNS) in the order of their cells (notes,)."""
        inside = notes[:, 0] < lines.lengths[cell // instruments]
        notes = notes[inside]
        first = _begins(np.bincount(cell[inside], minlength=len(lines) * instruments))
        return Bars(instruments, notes, first, _sources(notes, first, instruments), lines)

    def between(self, start: int, stop: int) -> "Bars":
        """The bars [start, stop)."""
        cells = slice(start * self.instruments, stop * self.instruments)
        first = self.first[cells.start : cells.stop + 1]
        notes, first = self.notes[first[0] : first[-1]], first - first[0]
        sources = _sources(notes, first, self.instruments)
        return Bars(self.instruments, notes, first, sources, self.lines.between(start, stop))

    @property
    def places(self) -> NDArray[np.int64]:
        """(notes,): where each note begins, in places from the first bar on."""
        cell = np.repeat(np.arange(len(self.source)), np.diff(self.first))
        return cell // self.instruments * TWELFTHS_PER_BAR + self.notes[:, 0]

    def to_notes(self) -> Notes:
        """The notes on a grid of twelfths; where one is still held as its pitch begins anew it is cut."""
        cell, place = np.repeat(np.arange(len(self.source)), np.diff(self.first)), self.places
        start = self.lines.steps(place)
        length = self.lines.steps(place + LENGTHS[self.notes[:, 2]]) - start
        velocity = self.notes[:, 3].astype(np.int64) * (128 // VELOCITIES) + 64 // VELOCITIES
        return Notes.tidy(cell % self.instruments, self.notes[:, 1], start, length, velocity)


def _begins(counts: ArrayLike) -> NDArray[np.int64]:
    """(cells,) counts of notes to (cells + 1,): where each cell's notes begin."""
    return np.concatenate([[0], np.cumsum(np.asarray(counts, np.int64))]).astype(np.int64)


def _sources(notes: BarNotes, first: NDArray[np.int64], instruments: int) -> NDArray[np.int32]:
    """(cells,): see `Bars.source`."""
    written, sources = notes[:, :3].tobytes(), np.full(len(first) - 1, SILENT, np.int32)
    seen: list[dict[bytes, int]] = [{} for _ in range(instruments)]
    ends = (first * 3).tolist()
    for cell, (begin, end) in enumerate(pairwise(ends)):
        if end > begin:
            sources[cell] = seen[cell % instruments].setdefault(written[begin:end], cell // instruments)
    return sources
