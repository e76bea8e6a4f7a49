"""How far the distributions of two sets of excerpts cover each other, feature by feature.

The overlapping area of a feature is the sum over its bins of the smaller of the two sets' shares: 1 where they are
equal, 0 where they have nothing in common. The bins are 32 of equal width from the 1st to the 99th percentile of both
sets together, the outer ones taking what lies beyond, and one more for the excerpts in which there is nothing to
measure. Knows nothing of songs or of what the features mean.
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
    """(2,): share of the excerpts of each set in which there is nothing to measure."""

    @property
    def overlap(self) -> float:
        """The overlapping area, 0 to 1."""
        return float(self.shares.min(0).sum() + self.undefined.min())


def histogram(one: NDArray[np.float32], other: NDArray[np.float32]) -> Histogram:
    """The values of one feature in two sets of excerpts, of which neither is empty."""
    defined = [values[values != UNDEFINED].astype(np.float64) for values in (one, other)]
    pooled = np.concatenate(defined)
    low, high = np.percentile(pooled, PERCENTILES) if len(pooled) else (0.0, 0.0)
    edges = np.linspace(low, high, BINS + 1)
    counts = [np.bincount(np.searchsorted(edges[1:-1], values, "right"), minlength=BINS) for values in defined]
    totals = np.array([len(one), len(other)])
    shares = np.stack(counts) / totals[:, None]
    return Histogram(edges, shares, 1 - np.array([len(values) for values in defined]) / totals)


def overlaps(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """(features,): the overlapping area of every feature of two sets (excerpts, features)."""
    return np.array([histogram(a, b).overlap for a, b in zip(one.T, other.T, strict=True)])
