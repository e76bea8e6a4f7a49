"""Draws the traits of a song's parts with the trait model's weights; `train.trait_model` has it in PyTorch."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.conditions import GENRES, Conditions
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.sampling import sample
from pianoroll_vae.models.arranger.traits import CLASSES, FIRST_CLASS, TRAIT_CLASSES, UNKNOWN_CLASS


class TraitModel:
    """The weights of one band's trait model."""

    def __init__(self, melody: Mapping[str, Array]) -> None:
        self.w = {name.removeprefix("traits."): w for name, w in melody.items() if name.startswith("traits.")}

    def complete(self, conditions: Conditions, temperature: float, rng: np.random.Generator) -> NDArray[np.int64]:
        """(instruments, traits): the traits of the conditions, and drawn ones where those are unknown."""
        traits, weight, bias = conditions.traits.copy(), self.w["logits.weight"], self.w["logits.bias"]
        classes = len(bias)
        logits = bias + weight[:, classes : classes + GENRES] @ conditions.genres
        logits = logits + weight[:, classes + GENRES + conditions.tempo]
        for instrument, own in enumerate(traits):
            for trait, count in enumerate(CLASSES):
                first = instrument * TRAIT_CLASSES + FIRST_CLASS[trait]
                drawn = 1 + sample(logits[first + 1 : first + count], temperature, rng)
                if own[trait] == UNKNOWN_CLASS:
                    own[trait] = drawn
                logits = logits + weight[:, first + own[trait]]
        return traits

    @property
    def means(self) -> NDArray[np.float64]:
        """(instruments, traits): of the training songs."""
        return self.w["means"].astype(np.float64)
