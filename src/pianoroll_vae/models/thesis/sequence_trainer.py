"""What the networks that remember learn: the next latent from the segments before it, drawn as pairs are.

Always on the CPU, under autograd. Knows pairs and networks, no files.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pianoroll_vae.models.recipe import LatentTraining
from pianoroll_vae.models.thesis.pairs import Pairs
from pianoroll_vae.models.thesis.sequence import nats, remember
from pianoroll_vae.models.training.adam import Adam
from pianoroll_vae.models.training.flat_trainer import FlatTrainer
from pianoroll_vae.models.training.loop import Advance, Metrics
from pianoroll_vae.models.training.rng import rng_for
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights

_EXAMINED_AT_ONCE = 512


class SequenceTrainer(FlatTrainer):
    """The networks of `weights`, an instrument each, and each one's pairs."""

    unit = "pairs"
    max_loss = 1e6

    def __init__(
        self,
        stage: str,
        weights: Weights,
        train: Sequence[Pairs],
        valid: Sequence[Pairs],
        training: LatentTraining,
        settings: TrainingSettings,
    ) -> None:
        self.stage = stage
        self.weights = weights
        self.training = training
        self.settings = settings
        self.train, self.valid = train, valid
        self.adam = Adam(weights.flat, settings.learning_rate)
        self.steps = -(-training.pairs // settings.batch_size)
        self.samples_per_epoch = self.steps * settings.batch_size * len(weights.instruments)

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        names, batch, seed = self.weights.instruments, self.settings.batch_size, self.settings.seed
        self.adam.learning_rate = self.settings.learning_rate * self.training.learning_rate_decay ** (epoch - 1)
        draws = torch.stack(
            [
                pairs.draw(self.steps * batch, rng_for(seed, self.stage, name, "pairs", epoch))
                for name, pairs in zip(names, self.train, strict=True)
            ]
        )
        lost = torch.zeros(len(names))
        for chosen in torch.split(draws, batch, 1):
            flat = self.weights.flat.detach().requires_grad_()
            loss = self._loss(flat, self.train, chosen).mean(1)
            (gradient,) = torch.autograd.grad(loss.sum(), flat)
            self.adam.step(gradient)
            lost += loss.detach()
            advance(batch * len(names))
        return {"loss": (lost / self.steps).tolist()}

    @torch.no_grad()
    def validate(self) -> Metrics:
        if not all(len(pairs) for pairs in self.valid):
            return {}
        losses = []
        for row, (name, pairs) in enumerate(zip(self.weights.instruments, self.valid, strict=True)):
            own = self.weights.rows((name,)).flat
            parts = torch.split(torch.arange(len(pairs)), _EXAMINED_AT_ONCE)
            found = [self._loss(own, self.valid[row : row + 1], ids.unsqueeze(0)) for ids in parts]
            losses.append(float(torch.cat(found, 1).mean()))
        return {"valid_loss": losses}

    def _loss(self, flat: Tensor, pairs: Sequence[Pairs], ids: Tensor) -> Tensor:
        """(instruments, batch) of the pairs `ids` (instruments, batch)."""
        windows = [some.window(chosen, self.training.memory) for some, chosen in zip(pairs, ids, strict=True)]
        history, known = (torch.stack(side) for side in zip(*windows, strict=True))
        wanted = torch.stack([some.wanted[chosen] for some, chosen in zip(pairs, ids, strict=True)])
        told = remember(self.weights.views(flat), self.training, history, known)
        return nats(told, wanted, self.training.components)
