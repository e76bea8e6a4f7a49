"""What comes back: how bars resemble the bars before them, and whether instruments change together.

`bars` are the notes begun in each bar, (…, instruments, bars, steps of a bar, 128) True and False.
"""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.measures.ratio import Values, mean_where, ratio

SAME_RHYTHM = 0.5

BarOnsets = NDArray[np.bool_]


def bar_similarity(bars: BarOnsets) -> Values:
    """Jaccard similarity of the notes of neighbouring bars, mean over the pairs in which any note begins."""
    common, either = _neighbours(_cells(bars))
    return mean_where(ratio(common, either), either > 0)


def repeated_bar_rate(bars: BarOnsets) -> Values:
    """Share of the bars with notes that repeat an earlier bar of the excerpt note for note."""
    packed = np.packbits(_cells(bars), axis=-1)
    played = packed.any(-1)
    count = bars.shape[-3]
    repeats = np.zeros(played.shape, np.bool_)
    for back in range(1, count):
        repeats[..., back:] |= (packed[..., back:, :] == packed[..., :-back, :]).all(-1)
    return ratio((repeats & played).sum(-1), played.sum(-1))


def changes_together(bars: BarOnsets) -> Values:
    """At the bar lines where an instrument changes, the share of those playing that do; mean over such lines, (…).

    An instrument changes where it starts, stops, or keeps less than half of its rhythm (Jaccard of onset positions).
    NaN for pieces in which two instruments never play at once.
    """
    changes, playing = _changes(bars)
    lines = changes.any(-2) & (playing.sum(-2) > 1)
    return mean_where(ratio(changes.sum(-2), playing.sum(-2)), lines)


def change_rate(bars: BarOnsets) -> Values:
    """Share of the bar lines at which at least half of those playing change, (…)."""
    changes, playing = _changes(bars)
    return np.asarray(((changes.sum(-2) * 2 >= playing.sum(-2)) & changes.any(-2)).mean(-1), np.float64)


def _changes(bars: BarOnsets) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(…, instruments, bars − 1): which ones change at each bar line, which ones play on either side of it."""
    common, either = _neighbours(np.asarray(bars.any(-1)))
    playing = either > 0
    return playing & (common < SAME_RHYTHM * either), playing


def _cells(bars: BarOnsets) -> NDArray[np.bool_]:
    """(…, bars, steps, 128) → (…, bars, cells)."""
    *leading, steps, pitches = bars.shape
    return bars.reshape(*leading, steps * pitches)


def _neighbours(bars: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(…, bars, cells) → (…, bars − 1): cells that neighbouring bars share, cells that either has."""
    before, after = bars[..., :-1, :], bars[..., 1:, :]
    common = np.count_nonzero(before & after, axis=-1)
    total = np.count_nonzero(bars, axis=-1)
    return common, total[..., :-1] + total[..., 1:] - common
