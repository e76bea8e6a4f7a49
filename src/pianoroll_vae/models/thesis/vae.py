"""The VAEs of a band, one an instrument: rolls to latents and back."""

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.thesis.network import Vae
from pianoroll_vae.models.thesis.parameters import vae_specs
from pianoroll_vae.models.thesis.patches import PatchOrder
from pianoroll_vae.models.thesis.sparse_encode import MIN_ROLLS, encode_sounding
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.notes import PITCHES


class BandVae:
    """The VAEs of a band, or of some of its instruments. `networks` share the storage of `weights`."""

    def __init__(self, recipe: Recipe, weights: Weights) -> None:
        self.recipe = recipe
        self.weights = weights
        self.order = PatchOrder(recipe.vae.kernels, recipe.grid.segment_steps, PITCHES)
        views = weights.views()
        self.networks = [
            Vae({name: view[row] for name, view in views.items()}).requires_grad_(False)
            for row in range(len(weights.instruments))
        ]

    @classmethod
    def fresh(cls, recipe: Recipe, instruments: Sequence[str], seed: int) -> Self:
        """Untrained. An instrument's weights depend on its name and the seed, not on the other instruments."""
        return cls(recipe, Weights.fresh(tuple(instruments), vae_specs(recipe), seed))

    @property
    def instruments(self) -> tuple[str, ...]:
        return self.weights.instruments

    def encode(self, cells: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, instruments, steps, pitches) of 0..1 to means (batch, instruments, latent_size) and log standard
        deviations (batch, instruments, 1)."""
        code = self.encode_patches(self.order.from_rolls(cells.transpose(0, 1))).transpose(0, 1)
        return code[..., :-1], code[..., -1:]

    def encode_means(self, rolls: Tensor) -> Tensor:
        """(batch, instruments, steps, pitches) uint8 as the dataset has them to (batch, instruments, latent_size)."""
        return self.encode(rolls.to(self.weights.flat.dtype) * self.recipe.grid.cell_scale)[0]

    def encode_patches(self, cells: Tensor) -> Tensor:
        """(instruments, batch, patches, patch_cells) to (instruments, batch, latent_size + 1): means, log deviation."""
        return torch.stack([self.encode_one(row, part) for row, part in enumerate(cells)])

    def encode_one(self, row: int, cells: Tensor) -> Tensor:
        """One instrument's (batch, patches, patch_cells) to (batch, latent_size + 1), without gradients."""
        if cells.device.type == "cpu" and len(cells) >= MIN_ROLLS:
            return encode_sounding(self.networks[row], self.recipe.vae.kernels, cells)
        return self.networks[row].encode(cells)

    def decode_patches(self, latents: Tensor) -> Tensor:
        """(instruments, batch, latent_size) to cells (instruments, batch, patches, patch_cells)."""
        decoded = torch.stack([vae.decode(part) for vae, part in zip(self.networks, latents, strict=True)])
        return decoded.view(*latents.shape[:2], self.order.patches, self.order.patch_cells)
