"""How far two songs agree: F1 of onsets or cells."""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.notes import Notes

Cells = NDArray[np.bool_]
"""(instruments, steps, 128)"""


def f1_scores(one: Cells, other: Cells) -> list[float | None]:
    """(instruments,): F1 of the cells that are True; None where none is."""
    right, both = (one & other).sum((1, 2)), one.sum((1, 2)) + other.sum((1, 2))
    return [float(2 * r / b) if b else None for r, b in zip(right.tolist(), both.tolist(), strict=True)]


def onset_f1(one: Notes, other: Notes) -> float | None:
    """Of all instruments together: onsets that agree in instrument, step and pitch, on the same grid."""
    if not len(one) + len(other):
        return None
    keys = (set(zip(each.row.tolist(), each.start.tolist(), strict=True)) for each in (one, other))
    first, second = keys
    return 2 * len(first & second) / (len(first) + len(second))
