"""Chords of half bars in which the known parts rest, from the chords that the song has at its usual distances."""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.chord_labels import NO_CHORD, Labels

DISTANCES = (1, 2, 4, 8, 16, 32, 64)
"""Half bars: a chord that is held, and phrases and sections that return."""

CHANCE_ODDS = 1 / 12
"""Of two half bars that have nothing to do with each other."""


def fill_chords(chords: Labels) -> Labels:
    """The chords (bars, 2) with most of those that are `NO_CHORD` filled in.

    Each half bar with a chord at one of `DISTANCES`, before or after, votes for its chord. The weight of a distance is
    the logarithm of the odds, above chance, that the known chords so far apart are the same.
    """
    labels = chords.ravel()
    votes = np.zeros((len(labels), NO_CHORD))
    for distance in DISTANCES:
        weight = _weight(labels, distance)
        for source, target in ((labels[:-distance], slice(distance, None)), (labels[distance:], slice(-distance))):
            half_bar = np.arange(len(labels))[target]
            known = source != NO_CHORD
            votes[half_bar[known], source[known]] += weight
    filled = (labels == NO_CHORD) & (votes.max(1, initial=0) > 0)
    return np.where(filled, votes.argmax(1), labels).reshape(chords.shape)


def _weight(labels: NDArray[np.int64], distance: int) -> float:
    """Never below 0."""
    one, other = labels[distance:], labels[:-distance]
    known = (one != NO_CHORD) & (other != NO_CHORD)
    same = known & (one == other)
    share = (same.sum() + 0.5) / (known.sum() + 4)  # a few pairs are weak evidence
    return max(float(np.log(share / (1 - share) / CHANCE_ODDS)), 0.0)
