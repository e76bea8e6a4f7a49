"""Directions in latent space, and which of them are offered: those that change their attribute and little else.

A direction is one vector for each instrument: moved by 1 along it, the instrument's attribute, or the output of a
linear probe for the genre, is meant to change by one standard deviation.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.ensemble import Latents

MIN_EFFECT = 0.5
"""Standard deviations that a direction must change its attribute by for each unit, on held-out songs."""

MAX_SIDE_EFFECT = 1 / 3
"""By how much of that another attribute may change, at most."""


@dataclass(frozen=True, eq=False)
class Direction:
    """`vectors` (instruments, latent_size): zero where the instrument has no such direction."""

    name: str
    kind: str
    """'attribute' or 'genre'."""

    vectors: Latents
    moves: NDArray[np.float64]
    """(instruments,): change of its own attribute or genre on held-out songs in standard deviations; NaN: no vector."""

    others: NDArray[np.float64]
    """(instruments,): the largest change of another attribute, in its standard deviations."""

    @property
    def effective(self) -> NDArray[np.bool_]:
        """(instruments,): whether the direction changes its attribute enough, and the others little."""
        moves = np.nan_to_num(self.moves)
        return (moves >= MIN_EFFECT) & (np.nan_to_num(self.others) <= MAX_SIDE_EFFECT * moves)
