"""Keeps a part to its traits: what is added to logits so that the part, as it was played so far, comes to have them.

The decoder and the priors follow what they have in their context, which is soon full of their own choices. So of each
trait the difference is taken between what it should be and what it is so far, where some bars of the training songs'
mean are counted in: a part begins in its own manner and is led back to it, and where it has it little is changed.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.sampling import TRAIT_FEEDBACK, TRAIT_FEEDFORWARD
from pianoroll_vae.models.arranger.traits import (
    AS_BEFORE,
    DENSITY,
    PITCH_CLASSES,
    PLAYING,
    REPEATED,
    TOGETHER,
    TRAITS,
)
from pianoroll_vae.music.bars import BarNotes
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

MEAN_BARS = 4.0
"""Bars of the training songs' mean that are counted in."""

MAX_CHANGE = 3.0
"""Of a logit."""

SMALL = 0.01
_COUNTS = [DENSITY, PITCH_CLASSES]
_SHARES = [REPEATED, AS_BEFORE, PLAYING]


class NoteLogits(NamedTuple):
    """What is added to the logits of a part's next note."""

    end: float
    """To the bar's end."""

    later: float
    """For each twelfth between the last note and the next one, or the bar's end."""

    same_step: float
    """To another note on the step of the last one."""

    new_class: float
    """To pitches whose class the part has not played in this bar."""


class ActionLogits(NamedTuple):
    """What is added to the logits of a part's next action."""

    repeat: float
    as_before: float
    """To the bar just before, where a bar is repeated."""


NO_CHANGE = NoteLogits(0.0, 0.0, 0.0, 0.0)


@dataclass
class TraitControl:
    """One part of one song. target, mean and strength: (traits,); a target is NaN where the trait is unknown."""

    target: NDArray[np.float64]
    mean: NDArray[np.float64]
    """Of the training songs."""

    strength: NDArray[np.float64]
    density_requested: bool = False
    """Then onsets are brought nearer to each other too, or farther apart."""

    _sums: NDArray[np.float64] = field(default_factory=lambda: np.zeros((len(TRAITS), 2)))
    """(traits, 2): of what each trait is the mean of, and how many of it there were."""

    @staticmethod
    def of_part(
        traits: NDArray[np.int64], mean: NDArray[np.float64], strength: NDArray[np.float64], density_requested: bool
    ) -> "TraitControl":
        """traits: (traits,) classes."""
        target = [trait.values[own] for trait, own in zip(TRAITS, traits, strict=True)]
        return TraitControl(np.array(target), mean, strength, density_requested)

    def add_bar(self, notes: BarNotes, back: int) -> None:
        """Count a bar in which the part plays what it played last so many bars back; 0: something new."""
        onsets, classes = len(set(notes[:, 0].tolist())), len(set((notes[:, 1] % 12).tolist()))
        self._sums[DENSITY] += len(notes), 1
        self._sums[TOGETHER] += len(notes), onsets
        self._sums[PITCH_CLASSES] += classes, 1
        self._sums[REPEATED] += back > 0, 1
        self._sums[AS_BEFORE] += back == 1, 1
        self._change = self._changes()

    @property
    def values(self) -> NDArray[np.float64]:
        """(traits,): so far, with `MEAN_BARS` bars of the mean."""
        total, count = self._sums.T
        a_bar = np.maximum(count / max(self._sums[DENSITY, 1], 1), 1)
        return np.asarray((total + MEAN_BARS * a_bar * self.mean) / (count + MEAN_BARS * a_bar))

    def note_logits(self) -> NoteLogits:
        change, values = self._change, self.values
        onsets_a_twelfth = float(values[DENSITY] / max(values[TOGETHER], 1) / TWELFTHS_PER_BAR)
        later = -change[DENSITY] * onsets_a_twelfth if self.density_requested else 0.0
        return NoteLogits(-change[DENSITY], later, change[TOGETHER], change[PITCH_CLASSES])

    def action_logits(self) -> ActionLogits:
        return ActionLogits(self._change[REPEATED], self._change[AS_BEFORE])

    def _changes(self) -> list[float]:
        """(traits,): on the scales of `_scaled`; 0 where the trait is unknown."""
        change = self._forward - self._back * _scaled(self.values)
        changes: list[float] = change.clip(-MAX_CHANGE, MAX_CHANGE).tolist()
        return changes

    def __post_init__(self) -> None:
        """Compute what stays the same: a change is `_forward` - `_back` · the scaled values so far, (traits,) each."""
        target, strength = _scaled(self.target), np.where(np.isnan(self.target), 0, self.strength)
        change = TRAIT_FEEDBACK * target + TRAIT_FEEDFORWARD * (target - _scaled(self.mean))
        self._forward = np.where(np.isnan(self.target), 0, strength * change)
        self._back = strength * TRAIT_FEEDBACK
        self._change = self._changes()


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Traits (traits,) on scales on which a change is a change of logits: shares as log odds, counts as logarithms."""
    scaled = values.copy()
    scaled[_COUNTS] = np.log(np.maximum(values[_COUNTS], SMALL))
    scaled[TOGETHER] = np.log(np.maximum(values[TOGETHER] - 1, SMALL))
    share = values[_SHARES].clip(SMALL, 1 - SMALL)
    scaled[_SHARES] = np.log(share / (1 - share))
    return scaled
