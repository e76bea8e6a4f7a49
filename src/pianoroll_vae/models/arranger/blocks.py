"""Blocks of four bars, the unit of form: which earlier block each one returns to, and which instruments play in it.

A block returns to an earlier one if at least seven of their eight chord roots agree; of several, to the one that is
most like it in chords and notes, and of equals to the latest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.bars import SILENT, Bars
from pianoroll_vae.music.chord_labels import NO_CHORD, Labels, roots
from pianoroll_vae.music.sections import BLOCK_BARS as BLOCK_BARS

BLOCK_HALVES = 2 * BLOCK_BARS
MAX_RETURN = 16
"""Blocks back to the block that is returned to, at most."""

FORMS = MAX_RETURN + 1
"""Classes of form: 0 is new, d returns to the block d blocks ago."""

MIN_AGREEMENT = 7 / 8


@dataclass(frozen=True, eq=False)
class Blocks:
    """The blocks of one song; the first begins `phase` bars after the song, and the last may be cut short."""

    phase: int
    form: NDArray[np.int64]
    """(blocks,): 0 for new material, else how many blocks ago the block is that is returned to."""

    active: NDArray[np.bool_]
    """(blocks, instruments): whether an instrument begins a note in the block."""

    def __len__(self) -> int:
        return len(self.form)


def read_blocks(bars: Bars, chords: Labels, phase: int | None = None) -> Blocks:
    """The blocks of a song with chords (bars, 2); without a phase, in the one in which most blocks return."""
    if phase is None:
        candidates = [read_blocks(bars, chords, first) for first in range(min(BLOCK_BARS, max(len(bars), 1)))]
        return max(candidates, key=lambda blocks: np.count_nonzero(blocks.form) / max(len(blocks), 1))
    count, instruments = -(-max(len(bars) - phase, 0) // BLOCK_BARS), bars.instruments
    source, labels, root = bars.source.reshape(-1, instruments)[phase:], chords[phase:], roots(chords[phase:])
    active = _by_block((source != SILENT).astype(np.int64), count) > 0
    halves = _by_block(np.ones((len(labels), 1)), count)[:, 0] * 2
    pitched = _by_block((labels != NO_CHORD).any(1, keepdims=True).astype(np.int64), count)[:, 0] > 0
    best, form = np.full(count, -1.0), np.zeros(count, np.int64)
    for distance in range(1, min(MAX_RETURN, max(count - 1, 0)) + 1):
        agreement, same, notes = (
            _by_block(_equal_to_earlier(rows, distance * BLOCK_BARS), count)[:, 0] / halves / (rows.shape[1] / 2)
            for rows in (root, labels, source)
        )
        returns = np.where(pitched, agreement, notes) >= MIN_AGREEMENT
        returns[:distance] = False
        nearer = returns & (same + notes > best + 1e-9)
        best[nearer], form[nearer] = (same + notes)[nearer], distance
    return Blocks(phase, form, active)


def _equal_to_earlier(rows: NDArray[np.integer], back: int) -> NDArray[np.int64]:
    """(bars, 1): how many values of each bar's row (bars, values) are those of the bar `back` bars before."""
    equal = np.zeros((len(rows), 1), np.int64)
    equal[back:, 0] = (rows[back:] == rows[:-back]).sum(1)
    return equal


def _by_block(rows: NDArray[np.integer] | NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """(blocks, values): sums over the bars (bars, values) of each block."""
    padded = np.zeros((count * BLOCK_BARS, rows.shape[1]))
    padded[: len(rows)] = rows
    return np.asarray(padded.reshape(count, BLOCK_BARS, rows.shape[1]).sum(1))
