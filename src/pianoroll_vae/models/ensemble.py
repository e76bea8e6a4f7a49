"""The trained band, ready to play: every VAE and latent network of a recipe. Knows nothing of folders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pianoroll_vae.models.chance import dice
from pianoroll_vae.models.checkpoint import load_conditional, load_melody, load_vae, read_header
from pianoroll_vae.models.latents import ConditionalNN, MelodyNN
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.vae import BandVae
from pianoroll_vae.music.band import Band, find_band
from pianoroll_vae.music.notes import MAX_VELOCITY


@dataclass(frozen=True)
class Ensemble:
    """Plays in the band's order; the lead's latent network moves first, everyone else follows it."""

    recipe: Recipe
    band: Band
    vae: BandVae
    melody: MelodyNN
    conditional: ConditionalNN

    @staticmethod
    def load(vae: Path, melody: Path, conditional: Path) -> "Ensemble":
        """The band whose networks lie in these files; refused where they do not belong together."""
        heard = load_vae(vae)
        band = find_band(read_header(vae)["band"])
        return Ensemble(heard.recipe, band, heard, load_melody(melody, heard), load_conditional(conditional, heard))

    @torch.inference_mode()
    def play(
        self,
        primers: NDArray[np.uint8],
        phrases: int,
        noise: float,
        threshold: float | None = None,
        seeds: Sequence[int] = (0,),
        phrase_done: Callable[[], None] = lambda: None,
    ) -> NDArray[np.uint8]:
        """Songs that go on from their primers.

        primers: (songs, instruments, segment_steps, 128) as the dataset holds them; seeds: one a song.
        Returns velocities (songs, instruments, (1 + phrases) · segment_steps, 128), the primers in front.
        """
        audible = self.recipe.threshold if threshold is None else threshold
        chance = [dice(seed, "play") for seed in seeds]
        played = [primers]
        heard = torch.from_numpy(primers).float() * self.recipe.grid.cell_scale
        for _ in range(phrases):
            heard = self._next_phrase(heard, noise, audible, chance)
            played.append(_velocities(heard))
            phrase_done()
        return np.concatenate(played, axis=2)

    def _next_phrase(self, heard: Tensor, noise: float, audible: float, chance: list[torch.Generator]) -> Tensor:
        """(songs, instruments, steps, 128) cells of one phrase to those of the next."""
        latents = self.vae.encode(heard)[0]
        strayed = noise * torch.stack([torch.randn(latents.shape[1:], generator=dice) for dice in chance])
        cells = self.vae.decode(self._next_latents(latents, strayed))
        return cells.where(cells >= audible, 0.0)

    def _next_latents(self, latents: Tensor, strayed: Tensor) -> Tensor:
        """(songs, instruments, latent_size), the noise `strayed` added to each: the lead from its own latent, then
        everyone else from theirs and the latent that the lead has really moved to."""
        lead = self.band.lead_index
        followers = [i for i in range(len(self.band)) if i != lead]
        moved = torch.empty_like(latents)
        moved[:, lead] = self.melody.next(latents[:, lead]) + strayed[:, lead]
        moved[:, followers] = self.conditional.next(latents[:, followers], moved[:, lead]) + strayed[:, followers]
        return moved


def _velocities(cells: Tensor) -> NDArray[np.uint8]:
    """Cells of 0..1 to velocities: silent cells stay 0, the others come to lie in 1..127."""
    scaled = (cells * MAX_VELOCITY).round().clamp(1, MAX_VELOCITY).where(cells > 0, 0.0)
    velocities: NDArray[np.uint8] = scaled.to(torch.uint8).numpy()
    return velocities
