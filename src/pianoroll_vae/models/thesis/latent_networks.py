"""The networks that predict the next latents: the lead's from its own, the others' from their own and the lead's."""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.thesis.parameters import conditional_specs, melody_specs
from pianoroll_vae.models.thesis.sequence import forward, sample_component
from pianoroll_vae.models.training.weights import Weights


def dense(weights: Weights, inputs: Tensor) -> Tensor:
    """(instruments, batch, inputs) through the stacked layers with ReLU between them, without dropout."""
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
        """Untrained."""
        return cls(recipe, Weights.fresh((lead,), melody_specs(recipe), seed))

    def next(self, lead: Tensor) -> Tensor:
        """(batch, latent_size) to (batch, latent_size), for networks without a memory."""
        return dense(self.weights, lead.unsqueeze(0))[0]

    def predict(self, lead: Tensor, uniform: Tensor, temperature: Tensor) -> tuple[Tensor, Tensor]:
        """The lead's latents so far (batch, phrases, latent_size) to mean and deviation of its next one, both (batch,
        latent_size). uniform (batch,) of 0..1 and temperature () draw a component of a mixture."""
        if self.recipe.latents.network == "mlp":
            return self.next(lead[:, -1]), torch.ones_like(lead[:, -1])
        mean, deviation = _predict(
            self.recipe, self.weights, lead.unsqueeze(0), uniform.unsqueeze(0), temperature.view(1)
        )
        return mean[0], deviation[0]


class ConditionalNN:
    """Each other instrument's next latent from its own previous one and the lead's new one, in that order."""

    def __init__(self, recipe: Recipe, weights: Weights) -> None:
        self.recipe = recipe
        self.weights = weights

    @classmethod
    def fresh(cls, recipe: Recipe, followers: Sequence[str], seed: int) -> Self:
        """Untrained."""
        return cls(recipe, Weights.fresh(tuple(followers), conditional_specs(recipe), seed))

    @property
    def instruments(self) -> tuple[str, ...]:
        """The band without its lead, in the band's order: the instrument axis of `next`."""
        return self.weights.instruments

    def next(self, own: Tensor, lead: Tensor) -> Tensor:
        """own (batch, followers, latent_size) and the lead's new latent (batch, latent_size) to (batch, followers,
        latent_size), for networks without a memory."""
        inputs = torch.cat([own, lead.unsqueeze(1).expand_as(own)], dim=-1)
        return dense(self.weights, inputs.transpose(0, 1)).transpose(0, 1)

    def predict(self, own: Tensor, lead: Tensor, uniform: Tensor, temperature: Tensor) -> tuple[Tensor, Tensor]:
        """own (batch, phrases, followers, latent_size) so far and the lead's latents (batch, phrases, latent_size),
        each a phrase later than own, to mean and deviation of the next ones, both (batch, followers, latent_size).
        uniform (batch, followers) of 0..1 and temperature (followers,) draw a component of a mixture."""
        if self.recipe.latents.network == "mlp":
            return self.next(own[:, -1], lead[:, -1]), torch.ones_like(own[:, -1])
        inputs = torch.cat([own, lead.unsqueeze(2).expand_as(own)], dim=-1).permute(2, 0, 1, 3)
        mean, deviation = _predict(self.recipe, self.weights, inputs, uniform.t(), temperature)
        return mean.transpose(0, 1), deviation.transpose(0, 1)


def _predict(
    recipe: Recipe, weights: Weights, inputs: Tensor, uniform: Tensor, temperature: Tensor
) -> tuple[Tensor, Tensor]:
    """inputs (instruments, batch, phrases, inputs), uniform (instruments, batch), temperature (instruments,) to means
    and deviations (instruments, batch, latent_size)."""
    memory = recipe.latents.memory
    inputs = inputs[:, :, -memory:]
    missing = memory - inputs.shape[2]
    history = torch.nn.functional.pad(inputs, (0, 0, missing, 0))
    known = (torch.arange(memory) >= missing).expand(history.shape[:3])
    outputs = forward(weights.views(), recipe.latents, history, known)
    return sample_component(outputs, recipe.latents.components, uniform, temperature.unsqueeze(1))
