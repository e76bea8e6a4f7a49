"""What the VAEs of a band that writes note by note learn: stretches of songs, one batch after the other.

All instruments learn together, since each is heard by the others: there is one row of weights. Knows no files.
"""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from pianoroll_vae.models.arranger.tokens import TokenStream
from pianoroll_vae.models.arranger.train.trainer import ArrangerTrainer
from pianoroll_vae.models.arranger.train.vae import Answers, divergence, hear, latents, note_nats, read
from pianoroll_vae.models.arranger.train.windows import Window, misread, window


class ArrangerVaeTrainer(ArrangerTrainer[Window]):
    """The band's encoder and decoder, and the songs they learn from."""

    stage = "vae"
    unit = "notes"
    max_loss = 1e5
    examined = 64
    figures = ("kl", "place", "pitch", "length", "velocity")

    def sizes(self) -> tuple[int, int]:
        """In notes and headings."""
        return self.arranger.context_tokens, min(
            self.arranger.epoch_windows, -(-len(self.train.kind) // self.arranger.context_tokens)
        )

    def draw(self, stream: TokenStream, count: int, rng: np.random.Generator, learning: bool) -> Window:
        """Stretches that begin on bar lines drawn by chance, with some notes read wrongly while learning."""
        bars = rng.integers(0, stream.song_bar[-1], count)
        song = np.searchsorted(stream.song_bar, bars, side="right") - 1
        starts, stops = stream.start_of(bars), stream.start_of(stream.song_bar[song + 1])
        by = self.moves(count, rng, learning)
        batch = window(stream, starts, stops, self.arranger.context_tokens, by, self.drums)
        if learning and self.recipe.vae.note_corruption:
            batch = misread(batch, self.recipe.vae.note_corruption, rng, self.drums)
        return batch.to(self.device)

    def cost(self, w: Mapping[str, Tensor], batch: Window, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """Nats a written bar."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings.precision == torch.bfloat16):
            content = hear(w, batch.bars)
            mean, log_deviation = latents(w, content)
            latent = mean + log_deviation.exp() * torch.randn(mean.shape, generator=noise).to(self.device)
            mine = batch.part(self.ranks.rank, self.ranks.size)
            x = read(w, self.arranger, mine, latent, content)[mine.counts]
            answers = Answers(w, x, mine.instrument[mine.counts])
            nats = note_nats(answers, mine.wanted[mine.counts], mine.ends[mine.counts])
        spent = divergence(mean, log_deviation)[batch.fresh].sum()
        bars = batch.fresh.sum().clamp(min=1)
        dear = self.recipe.vae.beta * (spent / bars - self.recipe.vae.free_bits).clamp(min=0)
        loss = nats.sum() / bars + dear / self.ranks.size
        parts = nats.detach().sum(0).double()
        ours = torch.stack([spent.detach().double(), bars.double()]) / self.ranks.size
        return loss, torch.stack([loss.detach().double() * bars, ours[0], *parts, ours[1]]).cpu()
