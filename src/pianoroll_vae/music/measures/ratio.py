"""Ratios, means and entropies that are NaN, without a warning, where they are not defined."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Values = NDArray[np.float64]


def ratio(part: ArrayLike, whole: ArrayLike) -> Values:
    """part / whole, NaN where the whole is zero; both broadcast against each other."""
    over, under = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    quotient = np.full(over.shape, np.nan)
    np.divide(over, under, out=quotient, where=under != 0)
    return quotient


def mean_where(values: ArrayLike, mask: NDArray[np.bool_], axis: int | tuple[int, ...] = -1) -> Values:
    """The mean of the values that the mask holds true, NaN where it holds none."""
    chosen = np.where(mask, np.asarray(values, np.float64), 0.0)
    return ratio(chosen.sum(axis), mask.sum(axis))


def entropy(counts: NDArray[Any]) -> Values:
    """Shannon entropy in bits of the histograms along the last axis, NaN where one is empty."""
    shares = ratio(counts, counts.sum(-1, keepdims=True))
    logs = np.zeros_like(shares)
    np.log2(shares, out=logs, where=shares > 0)
    return np.asarray(0.0 - (shares * logs).sum(-1))  # not -0.0
