"""The networks that move in latent space: the lead's next latent, and everyone else's from their own and the lead's.

They see latents only; rolls, songs and training are other modules' matter.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import torch
from torch import Tensor

from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.weights import Slot, Weights


def melody_slots(recipe: Recipe) -> dict[str, Slot]:
    size, hidden = recipe.latent_size, recipe.latents.hidden
    return dense_slots((size, hidden, hidden, size))


def conditional_slots(recipe: Recipe) -> dict[str, Slot]:
    size, hidden = recipe.latent_size, recipe.latents.hidden
    return dense_slots((2 * size, hidden, size))


def dense_slots(widths: Sequence[int]) -> dict[str, Slot]:
    """Layers `0`, `1`, …: weight (inputs, outputs) and bias (outputs,)."""
    slots: dict[str, Slot] = {}
    for layer, (inputs, outputs) in enumerate(pairwise(widths)):
        slots[f"{layer}.weight"] = Slot((inputs, outputs), inputs)
        slots[f"{layer}.bias"] = Slot((outputs,), inputs)
    return slots


def dense(weights: Weights, inputs: Tensor) -> Tensor:
    """(instruments, batch, inputs) through the stacked layers, ReLU between them; no dropout: this is for playing."""
    views = weights.views()
    depth = len(views) // 2
    hidden = inputs
    for layer in range(depth):
        hidden = torch.baddbmm(views[f"{layer}.bias"].unsqueeze(1), hidden, views[f"{layer}.weight"])
        if layer < depth - 1:
            hidden = torch.relu(hidden)
    return hidden


class MelodyNN:
    """The lead's latent to the lead's next latent. `weights` has one row: the lead."""

    def __init__(self, recipe: Recipe, weights: Weights) -> None:
        self.recipe = recipe
        self.weights = weights

    @classmethod
    def fresh(cls, recipe: Recipe, lead: str, seed: int) -> Self:
        return cls(recipe, Weights.fresh((lead,), melody_slots(recipe), seed))

    def next(self, lead: Tensor) -> Tensor:
        """(batch, latent_size) to (batch, latent_size)."""
        return dense(self.weights, lead.unsqueeze(0))[0]


class ConditionalNN:
    """Each other instrument's next latent from its own previous one and the lead's new one, in that order."""

    def __init__(self, recipe: Recipe, weights: Weights) -> None:
        self.recipe = recipe
        self.weights = weights

    @classmethod
    def fresh(cls, recipe: Recipe, followers: Sequence[str], seed: int) -> Self:
        return cls(recipe, Weights.fresh(tuple(followers), conditional_slots(recipe), seed))

    @property
    def instruments(self) -> tuple[str, ...]:
        """The band without its lead, in the band's order: the instrument axis of `next`."""
        return self.weights.instruments

    def next(self, own: Tensor, lead: Tensor) -> Tensor:
        """own (batch, followers, latent_size) and the lead's new latent (batch, latent_size) to (batch, followers,
        latent_size)."""
        heard = torch.cat([own, lead.unsqueeze(1).expand_as(own)], dim=-1)
        return dense(self.weights, heard.transpose(0, 1)).transpose(0, 1)
