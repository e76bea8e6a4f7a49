"""What the VAEs of a band that writes note by note learn: stretches of songs, one batch after the other.

All instruments learn together, since each is heard by the others: there is one row of weights. Knows no files.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from pianoroll_vae.models.adam import Adam
from pianoroll_vae.models.chance import derived_seed, dice
from pianoroll_vae.models.chart.networks import Answers, chart_of, divergence, hear, latents, note_nats, read
from pianoroll_vae.models.chart.stream import Stream
from pianoroll_vae.models.chart.windows import Window, window
from pianoroll_vae.models.learning import Advance, Figures
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.vae_learner import Pace
from pianoroll_vae.models.weights import Weights
from pianoroll_vae.music.band import Band

LARGEST_GRADIENT = 1.0
WARM_UP = 200
"""Updates until the rate is what it is."""

FALL = 0.05
"""Share of the rate that is left at the end of training."""

_EXAMINED = 64
"""Held-out stretches."""


class StretchLearner:
    """The band's encoder and decoder, and the songs they learn from."""

    stage = "vae"
    unit = "notes"
    absurd_loss = 1e5

    def __init__(
        self,
        recipe: Recipe,
        band: Band,
        weights: Weights,
        train: Stream,
        valid: Stream,
        pace: Pace,
        epochs: int,
        device: torch.device,
    ) -> None:
        self.recipe, self.chart, self.pace, self.device = recipe, chart_of(recipe), pace, device
        self.weights = weights = replace(weights, flat=weights.flat.to(device))
        self.train, self.valid, self.epochs = train, valid, epochs
        self.drums = np.array([instrument.is_drum for instrument in band])
        self.adam = Adam(weights.flat, pace.learning_rate, recipe.vae.weight_decay)
        whole = -(-len(train.says) // self.chart.tokens)
        self.updates = max(min(self.chart.stretches, whole) // pace.batch_size, 1)
        self.samples = self.updates * pace.batch_size * self.chart.tokens

    def learn(self, epoch: int, advance: Advance) -> Figures:
        chance = np.random.default_rng(derived_seed(self.pace.seed, self.stage, "stretches", epoch))
        noise = dice(self.pace.seed, self.stage, "noise", epoch)
        sums = torch.zeros(7, dtype=torch.float64)
        for update in range(self.updates):
            done = (epoch - 1) * self.updates + update
            self.adam.learning_rate = rate_at(done, self.epochs * self.updates, self.pace.learning_rate)
            batch = self._drawn(self.train, self.pace.batch_size, chance, self.recipe.vae.transposition)
            leaves = leaves_of(self.weights)
            loss, figures = self._loss(leaves, batch, noise)
            self.adam.step(flat_gradient(loss, leaves, self.weights))
            sums += figures
            advance(self.pace.batch_size * self.chart.tokens)
        return _figures(sums, "loss")

    @torch.no_grad()
    def examine(self) -> Figures:
        if not len(self.valid):
            return {}
        chance, noise = np.random.default_rng(0), torch.Generator().manual_seed(0)
        views = {name: view[0] for name, view in self.weights.views().items()}
        sums = torch.zeros(7, dtype=torch.float64)
        for begin in range(0, _EXAMINED, self.pace.batch_size):
            count = min(self.pace.batch_size, _EXAMINED - begin)
            sums += self._loss(views, self._drawn(self.valid, count, chance, 0), noise)[1]
        return _figures(sums, "valid_loss")

    def _drawn(self, stream: Stream, count: int, chance: np.random.Generator, transposition: int) -> Window:
        """Stretches that begin on bar lines drawn by chance, each moved by up to `transposition` semitones."""
        bars = chance.integers(0, stream.song_bar[-1], count)
        song = np.searchsorted(stream.song_bar, bars, side="right") - 1
        starts, stops = stream.start_of(bars), stream.start_of(stream.song_bar[song + 1])
        by = chance.integers(-transposition + (transposition > 0), transposition + 1, count)
        return window(stream, starts, stops, self.chart.tokens, by, self.drums).to(self.device)

    def _loss(self, w: Mapping[str, Tensor], batch: Window, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """Nats a written bar, and sums for `_figures`."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.pace.precision == torch.bfloat16):
            content = hear(w, batch.bars)
            mean, log_deviation = latents(w, content)
            latent = mean + log_deviation.exp() * torch.randn(mean.shape, generator=noise).to(self.device)
            x = read(w, self.chart, batch, latent, content)[batch.counts]
            answers = Answers(w, x, batch.who[batch.counts])
            nats = note_nats(answers, batch.wanted[batch.counts], batch.ends[batch.counts])
        spent = divergence(mean, log_deviation)[batch.fresh].sum()
        bars = batch.fresh.sum().clamp(min=1)
        cost = self.recipe.vae.beta * (spent / bars - self.recipe.vae.free_bits).clamp(min=0)
        loss = nats.sum() / bars + cost
        parts = nats.detach().sum(0).double()
        return loss, torch.stack([loss.detach().double() * bars, spent.detach().double(), *parts, bars.double()]).cpu()


def _figures(sums: Tensor, loss: str) -> Figures:
    total, spent, place, pitch, length, velocity = (sums[:6] / sums[6].clamp(min=1)).tolist()
    prefix = "valid_" if loss == "valid_loss" else ""
    return {
        loss: [total],
        f"{prefix}kl": [spent],
        f"{prefix}place": [place],
        f"{prefix}pitch": [pitch],
        f"{prefix}length": [length],
        f"{prefix}velocity": [velocity],
    }


def rate_at(done: int, total: int, rate: float) -> float:
    """The learning rate after `done` of `total` updates: up within WARM_UP, then down along a cosine."""
    fallen = FALL + (1 - FALL) * 0.5 * (1 + math.cos(math.pi * min(done / max(total, 1), 1)))
    return rate * min((done + 1) / WARM_UP, 1) * fallen


def leaves_of(weights: Weights) -> dict[str, Tensor]:
    """Name to (…): the only row's weights, ready to be differentiated."""
    return {name: view[0].detach().requires_grad_() for name, view in weights.views().items()}


def flat_gradient(loss: Tensor, leaves: Mapping[str, Tensor], weights: Weights) -> Tensor:
    """(1, parameters): no longer than LARGEST_GRADIENT."""
    gradients = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True, materialize_grads=True)
    flat: Tensor = torch.cat([gradient.flatten() for gradient in gradients]).unsqueeze(0)
    return flat.mul(LARGEST_GRADIENT / flat.norm().clamp(min=LARGEST_GRADIENT))
