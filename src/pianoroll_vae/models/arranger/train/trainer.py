"""What both kinds of the chart's networks share in learning: batches drawn by chance, one row of weights, one schedule.

Knows neither what a batch holds nor what it costs, and no files.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pianoroll_vae.models.arranger.tokens import TokenStream
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.training.adam import Adam
from pianoroll_vae.models.training.flat_trainer import FlatTrainer
from pianoroll_vae.models.training.loop import Advance, Metrics
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.rng import derived_seed, rng_for
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import Band

LARGEST_GRADIENT = 1.0
WARM_UP = 200
"""Updates until the rate is what it is."""

FALL = 0.05
"""Share of the rate that is left at the end of training."""

Batch = TypeVar("Batch")


class ArrangerTrainer(FlatTrainer, Generic[Batch]):
    """One row of weights and the songs it learns from, stretch by stretch."""

    stage: str
    unit: str
    max_loss: float
    examined: ClassVar[int]
    """Held-out stretches."""

    figures: ClassVar[tuple[str, ...]]
    """What `cost` sums beside the loss and before the count: names of figures."""

    def __init__(
        self,
        recipe: Recipe,
        band: Band,
        weights: Weights,
        train: TokenStream,
        valid: TokenStream,
        settings: TrainingSettings,
        epochs: int,
        device: torch.device,
        ranks: Ranks | None = None,
    ) -> None:
        self.ranks = ranks or Ranks()
        self.recipe, self.arranger, self.settings, self.device = recipe, recipe.arranger, settings, device
        self.weights = weights = replace(weights, flat=weights.flat.to(device))
        self.train, self.valid, self.epochs = train, valid, epochs
        self.drums = np.array([instrument.is_drum for instrument in band])
        self.adam = Adam(weights.flat, settings.learning_rate, recipe.vae.weight_decay)
        self.stretch, stretches = self.sizes()
        self.updates = max(stretches // settings.batch_size, 1)
        self.samples_per_epoch = self.updates * settings.batch_size * self.stretch

    def sizes(self) -> tuple[int, int]:
        """Samples in a stretch, and stretches of an epoch at most."""
        raise NotImplementedError

    def draw(self, stream: TokenStream, count: int, rng: np.random.Generator, learning: bool) -> Batch:
        """Stretches drawn by chance: to learn from, in any key the recipe allows, or as they are."""
        raise NotImplementedError

    def cost(self, w: Mapping[str, Tensor], batch: Batch, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """The loss, and sums over the batch: of the loss, of `figures`, and how many they are sums of; each this rank's
        part, so that all ranks' together are what one process alone would find."""
        raise NotImplementedError

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        rng = np.random.default_rng(derived_seed(self.settings.seed, self.stage, "stretches", epoch))
        noise = rng_for(self.settings.seed, self.stage, "noise", epoch)
        sums = self._nothing()
        for update in range(self.updates):
            done = (epoch - 1) * self.updates + update
            self.adam.learning_rate = rate_at(done, self.epochs * self.updates, self.settings.learning_rate)
            batch = self.draw(self.train, self.settings.batch_size, rng, True)
            leaves = leaves_of(self.weights)
            loss, parts = self.cost(leaves, batch, noise)
            self.adam.step(clipped(self.ranks.sum_(flat_gradient(loss, leaves))))
            sums += parts
            advance(self.settings.batch_size * self.stretch)
        return self._means(sums, "")

    @torch.no_grad()
    def validate(self) -> Metrics:
        if not len(self.valid):
            return {}
        rng, noise = np.random.default_rng(0), torch.Generator().manual_seed(0)
        views = {name: view[0] for name, view in self.weights.views().items()}
        sums = self._nothing()
        for begin in range(0, self.examined, self.settings.batch_size):
            count = min(self.settings.batch_size, self.examined - begin)
            sums += self.cost(views, self.draw(self.valid, count, rng, False), noise)[1]
        return self._means(sums, "valid_")

    def _nothing(self) -> Tensor:
        return torch.zeros(len(self.figures) + 2, dtype=torch.float64)

    def _means(self, sums: Tensor, prefix: str) -> Metrics:
        sums = self.ranks.sum_(sums.to(self.device)).cpu()
        means = (sums[:-1] / sums[-1].clamp(min=1)).tolist()
        return {f"{prefix}{name}": [mean] for name, mean in zip(("loss", *self.figures), means, strict=True)}

    def moves(self, count: int, rng: np.random.Generator, learning: bool) -> NDArray[np.int64]:
        """(count,): semitones by which stretches are moved; all keys as often."""
        most = self.recipe.vae.transposition if learning else 0
        return rng.integers(-most + (most > 0), most + 1, count)


def rate_at(done: int, total: int, rate: float) -> float:
    """The learning rate after `done` of `total` updates: up within WARM_UP, then down along a cosine."""
    fallen = FALL + (1 - FALL) * 0.5 * (1 + math.cos(math.pi * min(done / max(total, 1), 1)))
    return rate * min((done + 1) / WARM_UP, 1) * fallen


def leaves_of(weights: Weights) -> dict[str, Tensor]:
    """Name to (…): the only row's weights, ready to be differentiated."""
    return {name: view[0].detach().requires_grad_() for name, view in weights.views().items()}


def flat_gradient(loss: Tensor, leaves: Mapping[str, Tensor]) -> Tensor:
    """(1, parameters)"""
    gradients = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True, materialize_grads=True)
    return torch.cat([gradient.flatten() for gradient in gradients]).unsqueeze(0)


def clipped(gradient: Tensor) -> Tensor:
    """No longer than LARGEST_GRADIENT."""
    return gradient.mul(LARGEST_GRADIENT / gradient.norm().clamp(min=LARGEST_GRADIENT))
