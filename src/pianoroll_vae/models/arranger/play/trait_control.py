"""Keeps a part to its traits: what is added to logits so that the part, as it was played so far, comes to have them.

The decoder and the priors follow what they have in their context, which is soon full of their own choices. So of each
trait the difference is taken between its target and its value so far, in which some bars of the training songs' mean
are counted: little is added at the beginning of a part and while its value is near the target.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.sampling import TRAIT_FEEDBACK, TRAIT_FEEDFORWARD
from pianoroll_vae.models.arranger.traits import (
    AS_BEFORE,
    DENSITY,
    NOTES_PER_ONSET,
    PITCH_CLASSES,
    REPEATED,
    TRAITS,
)
from pianoroll_vae.music.bars import BarNotes
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

MEAN_BARS = 4.0
"""Bars of the training songs' mean that are counted in."""

MAX_CHANGE = 3.0
"""Of a logit."""

SMALL = 0.01


def _log(value: float) -> float:
    return math.log(max(value, SMALL))


def _log_odds(share: float) -> float:
    return math.log(max(share, SMALL) / max(1 - share, SMALL))


SCALES: dict[int, Callable[[float], float]] = {
    DENSITY: _log,
    NOTES_PER_ONSET: lambda notes: _log(notes - 1),
    PITCH_CLASSES: _log,
    REPEATED: _log_odds,
    AS_BEFORE: _log_odds,
}
"""The traits that parts are kept to, on scales on which a change is a change of logits."""


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
    """To the repeat of any bar."""

    repeat_previous: float
    """To that of the bar just before, where a bar is repeated."""


NO_CHANGE = NoteLogits(0.0, 0.0, 0.0, 0.0)


@dataclass
class _ControlledTrait:
    """One trait of one part; target: None where it is unknown."""

    scale: Callable[[float], float]
    target: float | None
    mean: float
    """Of the training songs."""

    strength: float
    total: float = 0.0
    """Of what the trait is the mean of."""

    count: float = 0.0

    def __post_init__(self) -> None:
        if self.target is not None:
            self.scaled_target, self.scaled_mean = self.scale(self.target), self.scale(self.mean)

    def add(self, total: float, count: float) -> None:
        self.total += total
        self.count += count

    def value(self, bars: int) -> float:
        """The trait so far, in so many bars."""
        of_mean = MEAN_BARS * max(self.count / max(bars, 1), 1)
        return (self.total + of_mean * self.mean) / (self.count + of_mean)

    def change(self, bars: int) -> float:
        if self.target is None:
            return 0.0
        target, own = self.scaled_target, self.scale(self.value(bars))
        change = self.strength * (TRAIT_FEEDBACK * (target - own) + TRAIT_FEEDFORWARD * (target - self.scaled_mean))
        return min(max(change, -MAX_CHANGE), MAX_CHANGE)


@dataclass
class TraitControl:
    """One part of one song."""

    traits: dict[int, _ControlledTrait]
    density_requested: bool = False
    """Then onsets are brought nearer to each other too, or farther apart."""

    bars: int = 0
    """In which the part has played."""

    changes: dict[int, float] = field(init=False)
    """By trait, on `SCALES`."""

    @staticmethod
    def of_part(
        traits: NDArray[np.int64], mean: NDArray[np.float64], strength: NDArray[np.float64], density_target: float
    ) -> "TraitControl":
        """traits: (traits,) classes; mean, of the training songs, and strength: (traits,); density_target: NaN
        where no density is asked for."""
        targets = {trait: _known(float(TRAITS[trait].values[traits[trait]])) for trait in SCALES}
        density_requested = not math.isnan(density_target)
        if density_requested:
            targets[DENSITY] = density_target
        controlled = {
            trait: _ControlledTrait(scale, targets[trait], float(mean[trait]), float(strength[trait]))
            for trait, scale in SCALES.items()
        }
        return TraitControl(controlled, density_requested)

    def __post_init__(self) -> None:
        self._compute_changes()

    def add_bar(self, notes: BarNotes, back: int) -> None:
        """Count a bar in which the part plays what it played last so many bars back; 0: something new."""
        onsets, classes = len(set(notes[:, 0].tolist())), len(set((notes[:, 1] % 12).tolist()))
        self.bars += 1
        self.traits[DENSITY].add(len(notes), 1)
        self.traits[NOTES_PER_ONSET].add(len(notes), onsets)
        self.traits[PITCH_CLASSES].add(classes, 1)
        self.traits[REPEATED].add(back > 0, 1)
        self.traits[AS_BEFORE].add(back == 1, 1)
        self._compute_changes()

    def value(self, trait: int) -> float:
        """A trait so far, where `MEAN_BARS` bars of the mean are counted in."""
        return self.traits[trait].value(self.bars)

    def note_logits(self) -> NoteLogits:
        onsets_a_twelfth = self.value(DENSITY) / max(self.value(NOTES_PER_ONSET), 1) / TWELFTHS_PER_BAR
        later = -self.changes[DENSITY] * onsets_a_twelfth if self.density_requested else 0.0
        return NoteLogits(-self.changes[DENSITY], later, self.changes[NOTES_PER_ONSET], self.changes[PITCH_CLASSES])

    def action_logits(self) -> ActionLogits:
        return ActionLogits(self.changes[REPEATED], self.changes[AS_BEFORE])

    def _compute_changes(self) -> None:
        self.changes = {number: trait.change(self.bars) for number, trait in self.traits.items()}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
