"""The networks that move in latent space: the lead's next latent, and everyone else's from their own and the lead's.

They see latents only; rolls, songs and training are other modules' matter.
"""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.thesis.parameters import conditional_specs, melody_specs
from pianoroll_vae.models.thesis.sequence import remember, settle
from pianoroll_vae.models.training.weights import Weights


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
        return cls(recipe, Weights.fresh((lead,), melody_specs(recipe), seed))

    def next(self, lead: Tensor) -> Tensor:
        """(batch, latent_size) to (batch, latent_size), for networks without a memory."""
        return dense(self.weights, lead.unsqueeze(0))[0]

    def after(self, lead: Tensor, rng: Tensor, temperature: Tensor) -> tuple[Tensor, Tensor]:
        """The lead's latents so far (batch, phrases, latent_size) to where its next one lies and how far it may stray,
        both (batch, latent_size). chance (batch,) of 0..1 and temperature () draw from networks that say a mixture."""
        if self.recipe.latents.network == "mlp":
            return self.next(lead[:, -1]), torch.ones_like(lead[:, -1])
        settled = _remembered(self.recipe, self.weights, lead.unsqueeze(0), rng.unsqueeze(0), temperature.view(1))
        return settled[0][0], settled[1][0]


class ConditionalNN:
    """Each other instrument's next latent from its own previous one and the lead's new one, in that order."""

    def __init__(self, recipe: Recipe, weights: Weights) -> None:
        self.recipe = recipe
        self.weights = weights

    @classmethod
    def fresh(cls, recipe: Recipe, followers: Sequence[str], seed: int) -> Self:
        return cls(recipe, Weights.fresh(tuple(followers), conditional_specs(recipe), seed))

    @property
    def instruments(self) -> tuple[str, ...]:
        """The band without its lead, in the band's order: the instrument axis of `next`."""
        return self.weights.instruments

    def next(self, own: Tensor, lead: Tensor) -> Tensor:
        """own (batch, followers, latent_size) and the lead's new latent (batch, latent_size) to (batch, followers,
        latent_size), for networks without a memory."""
        heard = torch.cat([own, lead.unsqueeze(1).expand_as(own)], dim=-1)
        return dense(self.weights, heard.transpose(0, 1)).transpose(0, 1)

    def after(self, own: Tensor, lead: Tensor, rng: Tensor, temperature: Tensor) -> tuple[Tensor, Tensor]:
        """own (batch, phrases, followers, latent_size) so far and the lead's latents (batch, phrases, latent_size),
        each a phrase later than own, to where the next ones lie and how far they may stray, both (batch, followers,
        latent_size). chance (batch, followers) and temperature (followers,) draw from networks that say a mixture."""
        if self.recipe.latents.network == "mlp":
            return self.next(own[:, -1], lead[:, -1]), torch.ones_like(own[:, -1])
        heard = torch.cat([own, lead.unsqueeze(2).expand_as(own)], dim=-1).permute(2, 0, 1, 3)
        centre, width = _remembered(self.recipe, self.weights, heard, rng.t(), temperature)
        return centre.transpose(0, 1), width.transpose(0, 1)


def _remembered(
    recipe: Recipe, weights: Weights, heard: Tensor, rng: Tensor, temperature: Tensor
) -> tuple[Tensor, Tensor]:
    """heard (instruments, batch, phrases, inputs), chance (instruments, batch), temperature (instruments,) to centres
    and widths (instruments, batch, latent_size)."""
    memory = recipe.latents.memory
    heard = heard[:, :, -memory:]
    missing = memory - heard.shape[2]
    history = torch.nn.functional.pad(heard, (0, 0, missing, 0))
    known = (torch.arange(memory) >= missing).expand(history.shape[:3])
    told = remember(weights.views(), recipe.latents, history, known)
    return settle(told, recipe.latents.components, rng, temperature.unsqueeze(1))
