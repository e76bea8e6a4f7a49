"""Trains the arranger's VAE on windows of the token stream. All instruments share one network."""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from pianoroll_vae.models.arranger.conditions import hide_conditions
from pianoroll_vae.models.arranger.tokens import TokenStream
from pianoroll_vae.models.arranger.train.trainer import ArrangerTrainer
from pianoroll_vae.models.arranger.train.vae import ArrangerVae, kl_divergence
from pianoroll_vae.models.arranger.train.windows import Window, WindowSpec, corrupt_notes, cut_windows
from pianoroll_vae.models.training.device import autocast

GIVEN_RATIO = 0.3
"""Share of the windows in which each instrument is given with probability one half."""

NEXT_KNOWN_RATIO = 0.3
"""Share of the windows in which the next bar of the whole band is known before three of ten bars."""


class ArrangerVaeTrainer(ArrangerTrainer[ArrangerVae, Window]):
    """Trains encoder, decoder and heads."""

    stage = "vae"
    unit = "notes"
    max_loss = 1e5
    valid_windows = 64
    loss_terms = ("kl", "step", "pitch", "length", "velocity")

    def window_size(self) -> int:
        """In tokens."""
        return self.sizes.context_tokens

    def epoch_windows(self) -> int:
        return min(self.sizes.epoch_windows, -(-len(self.train.kind) // self.sizes.context_tokens))

    def sample_batch(self, stream: TokenStream, count: int, rng: np.random.Generator, training: bool) -> Window:
        """Windows that begin with random bars; while training, transposed and with some pitches corrupted."""
        starts, tokens = rng.integers(0, stream.song_starts[-1], count), self.sizes.context_tokens
        spec = WindowSpec.plain(stream, starts, tokens, self.drums)
        if training:
            # Draws are in a fixed order, so that a run resumes to the bit.
            semitones, conditions = self.random_semitones(count, rng, training), hide_conditions(spec.conditions, rng)
            given = (rng.random((count, 1)) < GIVEN_RATIO) & (rng.random((count, self.drums.size)) < 0.5)
            next_known = (rng.random((count, 1)) < NEXT_KNOWN_RATIO) & (rng.random((count, tokens)) < 0.3)
            spec = replace(spec, semitones=semitones, given=given, next_known=next_known, conditions=conditions)
        batch = cut_windows(stream, spec)
        if training and self.recipe.vae.note_corruption:
            batch = corrupt_notes(batch, self.recipe.vae.note_corruption, rng, self.drums)
        return batch.to(self.device)

    def loss(self, batch: Window, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """In nats a new bar."""
        network = self.network
        with autocast(self.device, self.settings.precision):
            content = network.encoder(batch.bars)
            mean, log_std = network.encoder.posterior(content)
            latent = mean + log_std.exp() * torch.randn(mean.shape, generator=noise, device="cpu").to(self.device)
            shard = batch.shard(self.ranks.rank, self.ranks.size)
            mask = shard.loss_mask
            x = network.decoder(shard, latent, content)[mask]
            nll = network.heads.nll(
                x, shard.instrument[mask], shard.target[mask], shard.target_chord[mask], shard.is_end[mask]
            )
        kl = kl_divergence(mean, log_std)[batch.is_new].sum()
        bars = batch.is_new.sum().clamp(min=1)
        kl_loss = self.recipe.vae.beta * (kl / bars - self.recipe.vae.free_bits).clamp(min=0)
        loss = nll.sum() / bars + kl_loss / self.ranks.size
        terms = nll.detach().sum(0).double()
        shared = torch.stack([kl.detach().double(), bars.double()]) / self.ranks.size
        return loss, torch.stack([loss.detach().double() * bars, shared[0], *terms, shared[1]]).cpu()
