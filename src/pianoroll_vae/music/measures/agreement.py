"""How far two songs agree: F1 of onsets or cells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.notes import Notes

Cells = NDArray[np.bool_]
"""(instruments, steps, 128)"""

STEPS_PER_BATCH = 16_384
"""Of which all cells are counted at once: a song of five hours would need gigabytes."""


@dataclass(frozen=True)
class Agreement:
    """How many cells are True, (instruments,) each."""

    in_one: NDArray[np.int64]
    in_other: NDArray[np.int64]
    in_both: NDArray[np.int64]

    @staticmethod
    def of(one: Cells, other: Cells) -> "Agreement":
        return Agreement(*(np.array([np.count_nonzero(each) for each in cells]) for cells in (one, other, one & other)))

    def __add__(self, more: "Agreement") -> "Agreement":
        return Agreement(self.in_one + more.in_one, self.in_other + more.in_other, self.in_both + more.in_both)

    @property
    def f1_scores(self) -> list[float | None]:
        """(instruments,): None where no cell is True."""
        columns = (self.in_one + self.in_other).tolist(), self.in_both.tolist()
        return [2 * both / total if total else None for total, both in zip(*columns, strict=True)]


def f1_scores(one: Cells, other: Cells) -> list[float | None]:
    """(instruments,): F1 of the cells that are True; None where none is."""
    return Agreement.of(one, other).f1_scores


def count_agreement(one: Notes, other: Notes, instruments: int) -> tuple[Agreement, Agreement]:
    """Of two songs' onsets and of their sounding cells."""
    steps = max(int(notes.end.max(initial=1)) for notes in (one, other))
    parts = [(begin, min(begin + STEPS_PER_BATCH, steps)) for begin in range(0, steps, STEPS_PER_BATCH)]
    onsets = [Agreement.of(*(_onsets_between(notes, *part, instruments) for notes in (one, other))) for part in parts]
    cells = [Agreement.of(*(_cells_between(notes, *part, instruments) for notes in (one, other))) for part in parts]
    return sum(onsets[1:], onsets[0]), sum(cells[1:], cells[0])


def _onsets_between(notes: Notes, begin: int, end: int, instruments: int) -> Cells:
    inside = notes[(notes.start >= begin) & (notes.start < end)]
    return inside.shifted(-begin).onsets(instruments, end - begin)


def _cells_between(notes: Notes, begin: int, end: int, instruments: int) -> Cells:
    return notes.between(begin, end).rolls(instruments, end - begin) > 0


def onset_f1(one: Notes, other: Notes) -> float | None:
    """Of all instruments together: onsets that agree in instrument, step and pitch, on the same grid."""
    if not len(one) + len(other):
        return None
    keys = (set(zip(each.row.tolist(), each.start.tolist(), strict=True)) for each in (one, other))
    first, second = keys
    return 2 * len(first & second) / (len(first) + len(second))
