"""Draws the traits of a song's parts with the trait model's weights; `train.trait_model` has it in PyTorch."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.conditions import GENRES, Conditions
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.sampling import sample
from pianoroll_vae.models.arranger.traits import CLASSES, DENSITY, FIRST_CLASS, TRAIT_CLASSES, UNKNOWN_CLASS

SONGS = 256
"""Whose traits are drawn to know how often each density is."""


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

    def density_shares(self, conditions: Conditions) -> NDArray[np.float64]:
        """(instruments, classes - 1): how often the density of a part is of each known class in songs of the genres and
        the tempo."""
        rng = np.random.default_rng(0)
        weight, bias = self.w["logits.weight"].astype(np.float64), self.w["logits.bias"].astype(np.float64)
        classes = len(bias)
        logits = bias + weight[:, classes : classes + GENRES] @ conditions.genres
        logits = np.tile(logits + weight[:, classes + GENRES + conditions.tempo], (SONGS, 1))
        shares = []
        for first in range(0, classes, TRAIT_CLASSES):
            for trait, count in enumerate(CLASSES):
                known = slice(first + FIRST_CLASS[trait] + 1, first + FIRST_CLASS[trait] + count)
                probability = np.exp(logits[:, known] - logits[:, known].max(1, keepdims=True))
                probability /= probability.sum(1, keepdims=True)
                if trait == DENSITY:
                    shares.append(probability.mean(0))
                drawn = (probability.cumsum(1)[:, :-1] < rng.random((SONGS, 1))).sum(1)
                logits += weight[:, known].T[drawn]
        return np.array(shares)

    @property
    def means(self) -> NDArray[np.float64]:
        """(instruments, traits): of the training songs."""
        return self.w["means"].astype(np.float64)
