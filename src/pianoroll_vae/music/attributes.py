"""Attributes of one instrument's phrase as numbers: density, register, polyphony, syncopation and note length.

Rolls may have any grid: (…, steps, 128) velocities. An attribute that is not defined (the register of silence) is NaN.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.measures.ratio import Values, ratio
from pianoroll_vae.music.notes import ATTACK, PITCHES, Rolls


def density(rolls: Rolls, steps_per_beat: int) -> Values:
    """Notes begun a beat."""
    return np.asarray(_begun(rolls).sum((-2, -1)) * steps_per_beat / rolls.shape[-2], np.float64)


def register(rolls: Rolls, steps_per_beat: int) -> Values:
    """Mean pitch of what sounds."""
    sounding = (rolls > 0).sum(-2)
    return ratio((sounding * np.arange(PITCHES)).sum(-1), sounding.sum(-1))


def polyphony(rolls: Rolls, steps_per_beat: int) -> Values:
    """Pitches that sound at once, on the steps on which any do."""
    sounding = (rolls > 0).sum(-1)
    return ratio(sounding.sum(-1), (sounding > 0).sum(-1))


def syncopation(rolls: Rolls, steps_per_beat: int) -> Values:
    """Share of the notes that begin beside the beats."""
    begun = _begun(rolls).sum(-1)
    return ratio(begun.sum(-1) - begun[..., ::steps_per_beat].sum(-1), begun.sum(-1))


def length(rolls: Rolls, steps_per_beat: int) -> Values:
    """Mean length of a note in beats."""
    return ratio((rolls > 0).sum((-2, -1)) / steps_per_beat, _begun(rolls).sum((-2, -1)))


ATTRIBUTE_MEASURES: dict[str, Callable[[Rolls, int], Values]] = {
    "density": density,
    "register": register,
    "polyphony": polyphony,
    "syncopation": syncopation,
    "length": length,
}


def attribute_values(rolls: Rolls, steps_per_beat: int) -> Values:
    """(…, attributes): all of them, in the order of `ATTRIBUTE_MEASURES`; NaN for what is silent."""
    measured = np.stack([measure(rolls, steps_per_beat) for measure in ATTRIBUTE_MEASURES.values()], axis=-1)
    measured[~(rolls > 0).any((-2, -1))] = np.nan
    return measured


def _begun(rolls: Rolls) -> NDArray[np.bool_]:
    """Where a note begins: out of silence, or struck again louder."""
    before = np.zeros_like(rolls)
    before[..., 1:, :] = rolls[..., :-1, :]
    rise = rolls.astype(np.int16) - before
    return np.asarray((rolls > 0) & ((before == 0) | (rise >= ATTACK)))
