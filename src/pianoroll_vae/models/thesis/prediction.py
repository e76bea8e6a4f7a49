"""Predicts the latents of the next phrase: the lead's from its own, then the other instruments' from theirs and the
lead's next one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pianoroll_vae.models.ensemble import Latents
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.thesis.latent_networks import ConditionalNN, MelodyNN
from pianoroll_vae.music.band import Band


@dataclass(frozen=True)
class LatentPredictor:
    """The two latent networks of a band."""

    recipe: Recipe
    band: Band
    melody: MelodyNN
    conditional: ConditionalNN

    @torch.inference_mode()
    def predict(
        self,
        history: Latents,
        noise: NDArray[np.float32],
        rng: Sequence[np.random.Generator],
        given: Latents | None = None,
        known: Sequence[bool] = (),
    ) -> Latents:
        """The next latents.

        history: (songs, phrases so far, instruments, latent_size); noise: (instruments,); rng: one a song.
        given: (songs, instruments, latent_size), used for the instruments that `known` marks; the others are predicted
        from them. Returns (songs, instruments, latent_size).
        """
        so_far = torch.from_numpy(history[:, -self.recipe.latents.memory :])
        fixed = None if given is None else torch.from_numpy(given)
        latents: Latents = self.next_latents(so_far, noise, rng, fixed, known).contiguous().numpy()
        return latents

    def next_latents(
        self,
        history: Tensor,
        noise: NDArray[np.float32],
        rng: Sequence[np.random.Generator],
        given: Tensor | None = None,
        known: Sequence[bool] = (),
    ) -> Tensor:
        """history (songs, phrases, instruments, latent_size) to the next latents (songs, instruments, latent_size).

        The lead's from its own latents, then the others' from theirs and the lead's next one, noise included. For
        networks that predict a mixture, the noise is the temperature too.
        """
        lead = self.band.lead_index
        followers = [i for i in range(len(self.band)) if i != lead]
        added, temperature = self._noise(noise, rng), torch.tensor(noise, dtype=torch.float32)
        uniform = torch.zeros(added.shape[:2])
        if self.recipe.latents.components:
            uniform = torch.from_numpy(np.stack([one.random(len(self.band), np.float32) for one in rng]))
        moved = torch.empty_like(added)
        mean, deviation = self.melody.predict(history[:, :, lead], uniform[:, lead], temperature[lead])
        moved[:, lead] = mean + deviation * added[:, lead]
        if given is not None and known[lead]:
            moved[:, lead] = given[:, lead]
        leading = torch.cat([history[:, 1:, lead], moved[:, lead].unsqueeze(1)], 1)
        mean, deviation = self.conditional.predict(
            history[:, :, followers], leading, uniform[:, followers], temperature[followers]
        )
        moved[:, followers] = mean + deviation * added[:, followers]
        return moved if given is None else given.where(torch.tensor(known)[None, :, None], moved)

    def _noise(self, noise: NDArray[np.float32], rng: Sequence[np.random.Generator]) -> Tensor:
        """(songs, instruments, latent_size): what is added to the latents, drawn song by song."""
        shape = len(self.band), self.recipe.latent_size
        drawn = np.stack([one.standard_normal(shape, np.float32) for one in rng])
        return torch.from_numpy(drawn * np.asarray(noise, np.float32)[:, None])
