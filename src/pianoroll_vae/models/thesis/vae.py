"""One VAE an instrument, all instruments computed together: rolls to latents and back.

Every convolution of the reference has stride = kernel, so each is a reshape and a matrix product; `PatchOrder` arranges
the cells once so that the reshapes are free. Must never know datasets, losses or how the weights were learned.
"""

from collections.abc import Sequence
from math import prod
from typing import Self

import torch
from torch import Tensor

from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.thesis.parameters import vae_specs
from pianoroll_vae.models.thesis.patches import PatchOrder
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.notes import PITCHES

MANY = 8
"""Rolls from which on a CPU computes one instrument after the other: fewer are sooner done in one go."""


class BandVae:
    """The VAEs of a band, or of some of its instruments."""

    def __init__(self, recipe: Recipe, weights: Weights) -> None:
        self.recipe = recipe
        self.weights = weights
        self.order = PatchOrder(recipe.vae.kernels, recipe.grid.segment_steps, PITCHES)
        self._views = weights.views()
        self._depth = len(recipe.vae.kernels)

    @classmethod
    def fresh(cls, recipe: Recipe, instruments: Sequence[str], seed: int) -> Self:
        """Untrained, reproducible: an instrument starts the same whichever others stand beside it."""
        return cls(recipe, Weights.fresh(tuple(instruments), vae_specs(recipe), seed))

    @property
    def instruments(self) -> tuple[str, ...]:
        return self.weights.instruments

    def encode(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, instruments, steps, pitches) of 0..1 to means (batch, instruments, latent_size) and log standard
        deviations (batch, instruments, 1)."""
        values = self.encode_patches(self.order.from_rolls(cells.transpose(0, 1))).transpose(0, 1)
        return values[..., :-1], values[..., -1:]

    def encode_means(self, rolls: Tensor) -> Tensor:
        """(batch, instruments, steps, pitches) uint8 as the dataset holds them to (batch, instruments, latent_size)."""
        return self.encode(rolls.to(self.weights.flat.dtype) * self.recipe.grid.cell_scale)[0]

    def decode(self, latents: Tensor) -> Tensor:
        """(batch, instruments, latent_size) to cells (batch, instruments, steps, pitches), real values around 0..1."""
        return self.order.to_rolls(self.decode_patches(latents.transpose(0, 1))).transpose(0, 1)

    def encode_patches(self, cells: Tensor) -> Tensor:
        """(instruments, batch, patches, patch_cells) to (instruments, batch, latent_size + 1): means, log deviation."""
        if cells.device.type == "cpu" and cells.shape[1] >= MANY:
            return torch.stack([self._heard(row, part) for row, part in enumerate(cells)])
        instruments, batch = cells.shape[:2]
        hidden = cells
        for level in range(self._depth):
            weight, bias = self._layer(f"encoder.{level}")
            hidden = torch.relu(torch.baddbmm(bias, hidden.reshape(instruments, -1, weight.shape[1]), weight))
        weight, bias = self._layer(f"encoder.{self._depth}")
        return torch.baddbmm(bias, hidden.reshape(instruments, batch, -1), weight)

    def decode_patches(self, latents: Tensor) -> Tensor:
        """(instruments, batch, latent_size) to cells (instruments, batch, patches, patch_cells)."""
        if latents.device.type == "cpu" and latents.shape[1] >= MANY:
            return torch.stack([self._spoken(row, part) for row, part in enumerate(latents)])
        instruments, batch = latents.shape[:2]
        weight, bias = self._layer("decoder.0")
        hidden = torch.relu(torch.baddbmm(bias, latents, weight))
        for position in range(1, self._depth + 1):
            weight, bias = self._layer(f"decoder.{position}")
            product = torch.bmm(hidden.reshape(instruments, -1, weight.shape[1]), weight)
            hidden = product.view(instruments, -1, bias.shape[-1]) + bias
            if position < self._depth:
                hidden = torch.relu(hidden)
        return hidden.reshape(instruments, batch, self.order.patches, self.order.patch_cells)

    def _heard(self, row: int, cells: Tensor) -> Tensor:
        """(batch, patches, patch_cells) of one instrument to (batch, latent_size + 1), without work on silence: what
        does not sound is computed once, for all that are silent."""
        rows = cells.reshape(-1, self.order.patch_cells)
        place = rows.any(1).nonzero().squeeze(1)
        rows, silent = rows[place], rows.new_zeros(1, self.order.patch_cells)
        groups = [*(prod(kernel) for kernel in self.recipe.vae.kernels[1:]), 1]
        for level, group in enumerate(groups):
            weight, bias = (part[row] for part in self._layer(f"encoder.{level}"))
            sounding, silent = (torch.relu_(torch.addmm(bias, part, weight)) for part in (rows, silent))
            parents, parent = torch.unique_consecutive(place // group, return_inverse=True)
            rows = silent.repeat(len(parents) * group, 1)
            rows[parent * group + place % group] = sounding
            rows, place, silent = rows.view(len(parents), group * rows.shape[1]), parents, silent.repeat(1, group)
        weight, bias = (part[row] for part in self._layer(f"encoder.{self._depth}"))
        code = torch.addmm(bias, silent, weight).repeat(len(cells), 1)
        code[place] = torch.addmm(bias, rows, weight)
        return code

    def _spoken(self, row: int, latents: Tensor) -> Tensor:
        """(batch, latent_size) of one instrument to (batch, patches, patch_cells): what lies between the layers of one
        instrument alone stays in the cache."""
        hidden = latents
        for position in range(self._depth + 1):
            weight, bias = (part[row] for part in self._layer(f"decoder.{position}"))
            bias = bias[0].repeat(weight.shape[1] // bias.shape[1])
            hidden = torch.addmm(bias, hidden.reshape(-1, len(weight)), weight)
            if position < self._depth:
                torch.relu_(hidden)
        return hidden.view(len(latents), self.order.patches, self.order.patch_cells)

    def _layer(self, name: str) -> tuple[Tensor, Tensor]:
        return self._views[f"{name}.weight"], self._views[f"{name}.bias"].unsqueeze(1)
