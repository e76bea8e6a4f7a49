"""Trains the dense latent networks on random pairs of neighbouring latents.

Always on the CPU: launching the kernels of one step takes a GPU longer than a CPU computes it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from pianoroll_vae.models.recipe import LatentTraining
from pianoroll_vae.models.thesis.dense_step import DenseStep
from pianoroll_vae.models.thesis.latent_networks import dense
from pianoroll_vae.models.thesis.pairs import Pairs
from pianoroll_vae.models.training.adam import adam_state
from pianoroll_vae.models.training.loop import Advance, Metrics
from pianoroll_vae.models.training.rng import rng_for
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights

_BATCHES_AT_ONCE = 100
"""Batches that are gathered by one call."""


class LatentTrainer:
    """Trains the networks of `weights`, one an instrument, on each one's pairs. dropout: of the first hidden layer."""

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
        dropout: float,
    ) -> None:
        self.stage = stage
        self.weights, self.instruments = weights, weights.instruments
        self.training = training
        self.settings = settings
        self.train, self.valid = train, valid
        self.dropout = dropout
        self.steps = -(-training.pairs // settings.batch_size)
        self.samples_per_epoch = self.steps * settings.batch_size * len(self.instruments)
        self.step = DenseStep(weights, settings.batch_size)
        block = nn.Parameter(weights.flat)
        block.grad = self.step.gradient
        self.optimizer = torch.optim.Adam([block], settings.learning_rate, fused=True)

    def named_weights(self) -> Mapping[str, Tensor]:
        return self.weights.tensors()

    def optimizer_state(self) -> Mapping[str, Tensor]:
        return adam_state(self.optimizer, ["weights"])

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        with _one_thread():
            return self._train_epoch(epoch, advance)

    @torch.no_grad()
    def _train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        names, batch = self.instruments, self.settings.batch_size
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * self.training.learning_rate_decay ** (epoch - 1)
        draws = [
            pairs.draw(self.steps * batch, rng_for(self.settings.seed, self.stage, name, "pairs", epoch))
            for name, pairs in zip(names, self.train, strict=True)
        ]
        rng = rng_for(self.settings.seed, self.stage, "dropout", epoch)
        squared = torch.zeros(len(names), batch, self.train[0].targets.shape[1])
        hidden = self.training.hidden_size
        for start in range(0, self.steps, _BATCHES_AT_ONCE):
            steps = min(_BATCHES_AT_ONCE, self.steps - start)
            chosen = [draw[start * batch : (start + steps) * batch] for draw in draws]
            inputs, targets = (
                torch.stack([getattr(pairs, side)[ids] for pairs, ids in zip(self.train, chosen, strict=True)])
                .view(len(names), steps, batch, -1)
                .unbind(1)
                for side in ("inputs", "targets")
            )
            dropout: Sequence[Tensor | None] = [None] * steps
            if self.dropout:
                kept = torch.empty(len(names), steps, batch, hidden).bernoulli_(1 - self.dropout, generator=rng)
                dropout = kept.div_(1 - self.dropout).unbind(1)
            for arguments in zip(inputs, targets, dropout, strict=True):
                squared += self.step(*arguments)
                self.optimizer.step()
            advance(steps * batch * len(names))
        return {"loss": (squared.mean((1, 2)) / self.steps).tolist()}

    @torch.no_grad()
    def validate(self) -> Metrics:
        if not all(len(pairs) for pairs in self.valid):
            return {}
        losses = []
        for name, pairs in zip(self.instruments, self.valid, strict=True):
            outputs = dense(self.weights.rows((name,)), pairs.inputs.unsqueeze(0))[0]
            losses.append(float((outputs - pairs.targets).square().mean()))
        return {"valid_loss": losses}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Products of this size are computed before a second thread has started."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
