"""Trains the LSTMs and transformers over latents: the next latent from the segments before it, drawn as pairs are.

Always on the CPU, as latent_trainer.py.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from pianoroll_vae.models.recipe import LatentTraining
from pianoroll_vae.models.thesis.pairs import Pairs
from pianoroll_vae.models.thesis.sequence import forward, losses
from pianoroll_vae.models.training.adam import adam_state
from pianoroll_vae.models.training.loop import Advance, Metrics
from pianoroll_vae.models.training.rng import rng_for
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights

_VALIDATION_BATCH = 512


class SequenceTrainer:
    """Trains the networks of `weights`, one an instrument, on each one's pairs."""

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
        self.weights, self.instruments = weights, weights.instruments
        self.training = training
        self.settings = settings
        self.train, self.valid = train, valid
        self.block = nn.Parameter(weights.flat)
        self.optimizer = torch.optim.Adam([self.block], settings.learning_rate, fused=True)
        self.steps = -(-training.pairs // settings.batch_size)
        self.samples_per_epoch = self.steps * settings.batch_size * len(self.instruments)

    def named_weights(self) -> Mapping[str, Tensor]:
        return self.weights.tensors()

    def optimizer_state(self) -> Mapping[str, Tensor]:
        return adam_state(self.optimizer, ["weights"])

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        names, batch, seed = self.instruments, self.settings.batch_size, self.settings.seed
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * self.training.learning_rate_decay ** (epoch - 1)
        draws = torch.stack(
            [
                pairs.draw(self.steps * batch, rng_for(seed, self.stage, name, "pairs", epoch))
                for name, pairs in zip(names, self.train, strict=True)
            ]
        )
        sums = torch.zeros(len(names))
        for ids in torch.split(draws, batch, 1):
            loss = self._losses(self.block, self.train, ids).mean(1)
            self.optimizer.zero_grad()
            loss.sum().backward()
            self.optimizer.step()
            sums += loss.detach()
            advance(batch * len(names))
        return {"loss": (sums / self.steps).tolist()}

    @torch.no_grad()
    def validate(self) -> Metrics:
        if not all(len(pairs) for pairs in self.valid):
            return {}
        means = []
        for row, (name, pairs) in enumerate(zip(self.instruments, self.valid, strict=True)):
            own = self.weights.rows((name,)).flat
            parts = torch.split(torch.arange(len(pairs)), _VALIDATION_BATCH)
            found = [self._losses(own, self.valid[row : row + 1], ids.unsqueeze(0)) for ids in parts]
            means.append(float(torch.cat(found, 1).mean()))
        return {"valid_loss": means}

    def _losses(self, flat: Tensor, pairs: Sequence[Pairs], ids: Tensor) -> Tensor:
        """(instruments, batch) of the pairs `ids` (instruments, batch)."""
        windows = [own.window(chosen, self.training.memory) for own, chosen in zip(pairs, ids, strict=True)]
        history, known = (torch.stack(side) for side in zip(*windows, strict=True))
        targets = torch.stack([own.targets[chosen] for own, chosen in zip(pairs, ids, strict=True)])
        outputs = forward(self.weights.views(flat), self.training, history, known)
        return losses(outputs, targets, self.training.components)
