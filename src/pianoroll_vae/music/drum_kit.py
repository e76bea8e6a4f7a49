"""The drum kit of General MIDI: which keys are the same kind of drum."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DRUM_ROWS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("kick", (35, 36)),
    ("snare", (38, 40)),
    ("stick", (37, 39)),
    ("low tom", (41, 43, 45)),
    ("high tom", (47, 48, 50)),
    ("hat", (42, 44)),
    ("open hat", (46,)),
    ("ride", (51, 53, 59)),
    ("crash", (49, 52, 55, 57)),
    ("other", ()),
)
"""Kinds of drums from the lowest up, with their General MIDI keys; the last takes every other key."""

DRUM_NAMES = tuple(name for name, _ in DRUM_ROWS)
OTHER = len(DRUM_ROWS) - 1

USUAL_KEYS = (36, 38, 37, 45, 48, 42, 46, 51, 49)
"""The default key of each kind; "other" has none."""


def _drum_of_key() -> NDArray[np.int64]:
    kinds = np.full(128, OTHER)
    for kind, (_, keys) in enumerate(DRUM_ROWS):
        kinds[list(keys)] = kind
    return kinds


DRUM_OF_KEY = _drum_of_key()
"""(128,): the kind of drum that each key is."""
