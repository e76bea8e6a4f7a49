"""How far the songs of a set are from each other, and from those of another set, beside real songs."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.listen.song_set import SongSet


def diversity_of(real_set: SongSet, other_real: SongSet, sets: Mapping[str, SongSet]) -> dict[tuple[str, str], float]:
    """Within each set and between every two: the mean distance from a song to its nearest neighbour.

    Features are standardised by the real songs. The distance is relative to the same within real songs, or between the
    two sets of them; the same number of songs is compared, since the nearest of more songs is nearer.
    """
    mean, std = real_set.song_means.mean(0), real_set.song_means.std(0)

    def standardise(songs: SongSet) -> NDArray[np.float64]:
        return np.asarray((songs.song_means - mean) / np.where(std > 0, std, 1))

    points = {name: standardise(songs) for name, songs in sets.items()}
    real, other = standardise(real_set), standardise(other_real)

    def ratio(first: str, second: str) -> float:
        count = min(len(points[first]), len(points[second]), len(real), len(other))
        among_real = _nearest(real[:count], None if first == second else other[:count])
        return _nearest(points[first][:count], None if first == second else points[second][:count]) / among_real

    return {(first, second): ratio(first, second) for first in points for second in points}


def _nearest(points: NDArray[np.float64], others: NDArray[np.float64] | None) -> float:
    """Mean distance from each point to the nearest of the others, or of the remaining points."""
    targets = points if others is None else others
    squares = (points**2).sum(1)[:, None] + (targets**2).sum(1) - 2 * points @ targets.T
    if others is None:
        np.fill_diagonal(squares, np.inf)
    return float(np.sqrt(np.maximum(squares, 0)).min(1).mean())
