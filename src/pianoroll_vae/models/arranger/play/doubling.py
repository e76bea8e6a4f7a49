"""Parts that double another one: in many songs strings or guitars play, in most of their bars, what the piano plays.

The decoder goes on with a doubling that it hears, but samples each note by itself and so hardly ever begins one. It is
therefore decided for the whole song which parts double which.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.sampling import DOUBLED_BARS, DOUBLES_LEAD, DOUBLES_OTHER
from pianoroll_vae.models.arranger.tokens import writing_order
from pianoroll_vae.models.arranger.traits import PLAYING, TRAITS
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bars import SILENT

Doublings = dict[int, int]
"""A part to the one that it doubles, which is written before it."""


def draw_doublings(band: Band, free: NDArray[np.bool_], rng: np.random.Generator) -> Doublings:
    """Of the pitched parts but basses, those that are `free` (instruments,) may double one that is written before."""
    parts = [i for i in writing_order(band) if not (band.instruments[i].is_drum or band.instruments[i].is_bass)]
    doublings: Doublings = {}
    for place, part in enumerate(parts[1:], 1):
        # Also of parts that are not free, so that what is asked of one changes nothing for the others.
        drawn, other = rng.random(), int(rng.integers(1, max(place, 2)))
        if not free[part]:
            continue
        if drawn < DOUBLES_LEAD:
            doublings[part] = parts[0]
        elif drawn < DOUBLES_LEAD + DOUBLES_OTHER and other < place:
            doublings[part] = parts[other]
    return doublings


def with_doublings(conditions: Conditions, doublings: Doublings) -> Conditions:
    """The conditions of a song whose parts have the traits of those that they double, but for when they play."""
    traits = conditions.traits.copy()
    for part, other in doublings.items():
        traits[part] = np.where(np.arange(len(TRAITS)) == PLAYING, traits[part], traits[other])
    return replace(conditions, traits=traits)


def doubled_in_bars(doublings: Doublings, bars: int, instruments: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(bars, instruments): the part that each one doubles in a bar in which both play, where its notes are new; SILENT:
    none. A longer song begins with the same bars."""
    others = np.array([doublings.get(part, SILENT) for part in range(instruments)])
    return np.where(rng.random((bars, instruments)) < DOUBLED_BARS, others, SILENT)
