"""Overlapping area (OA) of the distributions of a feature in two sets of excerpts (Yang and Lerch 2020).

It is the sum over the bins of a histogram of the smaller of the two sets' shares: 1 where the distributions are equal,
0 where they are disjoint. There are 32 bins of equal width from the 1st to the 99th percentile of both sets together,
the outer ones include everything beyond, and one more bin counts the excerpts in which the feature is undefined.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.measures.excerpt import UNDEFINED

BINS = 32
PERCENTILES = (1, 99)


@dataclass(frozen=True, eq=False)
class Histogram:
    """One feature in two sets, in the same bins; the shares of each set and `undefined` add up to 1."""

    edges: NDArray[np.float64]
    """(BINS + 1,)"""

    shares: NDArray[np.float64]
    """(2, BINS): of all excerpts of each set."""

    undefined: NDArray[np.float64]
    """(2,): share of the excerpts of each set in which the feature is undefined."""

    @property
    def overlap(self) -> float:
        """The overlapping area, 0 to 1."""
        return float(self.shares.min(0).sum() + self.undefined.min())


def histogram(first: NDArray[np.float32], second: NDArray[np.float32]) -> Histogram:
    """Histogram of one feature in two sets of excerpts, both not empty."""
    defined = [values[values != UNDEFINED].astype(np.float64) for values in (first, second)]
    pooled = np.concatenate(defined)
    low, high = np.percentile(pooled, PERCENTILES) if len(pooled) else (0.0, 0.0)
    edges = np.linspace(low, high, BINS + 1)
    counts = [np.bincount(np.searchsorted(edges[1:-1], values, "right"), minlength=BINS) for values in defined]
    totals = np.array([len(first), len(second)])
    shares = np.stack(counts) / totals[:, None]
    return Histogram(edges, shares, 1 - np.array([len(values) for values in defined]) / totals)


def overlaps(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """(features,): the overlapping area of every feature of two sets (excerpts, features)."""
    return np.array([histogram(a, b).overlap for a, b in zip(first.T, second.T, strict=True)])
