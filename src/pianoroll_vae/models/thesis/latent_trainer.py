"""What the latent networks learn: next latents from random pairs of neighbours.

Always on the CPU: a step of these networks is over before a GPU has been asked. Knows pairs and networks, no files.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from pianoroll_vae.models.recipe import LatentTraining
from pianoroll_vae.models.thesis.dense_step import DenseStep
from pianoroll_vae.models.thesis.latent_networks import dense
from pianoroll_vae.models.thesis.pairs import Pairs
from pianoroll_vae.models.training.adam import Adam
from pianoroll_vae.models.training.flat_trainer import FlatTrainer
from pianoroll_vae.models.training.loop import Advance, Metrics
from pianoroll_vae.models.training.rng import rng_for
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights

_STEPS_AT_ONCE = 100
"""Batches gathered in one go, so that picking pairs costs a hundredth of its calls."""


class LatentTrainer(FlatTrainer):
    """The networks of `weights`, an instrument each, and each one's pairs. `dropout` follows the first hidden layer."""

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
        self.weights = weights
        self.training = training
        self.settings = settings
        self.train, self.valid = train, valid
        self.dropout = dropout
        self.adam = Adam(weights.flat, settings.learning_rate)
        self.steps = -(-training.pairs // settings.batch_size)
        self.samples_per_epoch = self.steps * settings.batch_size * len(weights.instruments)
        self.step = DenseStep(weights, settings.batch_size)

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        with _one_thread():
            return self._learn(epoch, advance)

    @torch.no_grad()
    def _learn(self, epoch: int, advance: Advance) -> Metrics:
        names, batch = self.weights.instruments, self.settings.batch_size
        self.adam.learning_rate = self.settings.learning_rate * self.training.learning_rate_decay ** (epoch - 1)
        draws = [
            pairs.draw(self.steps * batch, rng_for(self.settings.seed, self.stage, name, "pairs", epoch))
            for name, pairs in zip(names, self.train, strict=True)
        ]
        rng = rng_for(self.settings.seed, self.stage, "dropout", epoch)
        squared = torch.zeros(len(names), batch, self.train[0].wanted.shape[1])
        hidden = self.training.hidden_size
        for start in range(0, self.steps, _STEPS_AT_ONCE):
            steps = min(_STEPS_AT_ONCE, self.steps - start)
            chosen = [draw[start * batch : (start + steps) * batch] for draw in draws]
            heard, wanted = (
                torch.stack([getattr(pairs, side)[ids] for pairs, ids in zip(self.train, chosen, strict=True)])
                .view(len(names), steps, batch, -1)
                .unbind(1)
                for side in ("heard", "wanted")
            )
            kept: Sequence[torch.Tensor | None] = [None] * steps
            if self.dropout:
                drawn = torch.empty(len(names), steps, batch, hidden).bernoulli_(1 - self.dropout, generator=rng)
                kept = drawn.div_(1 - self.dropout).unbind(1)
            for lesson in zip(heard, wanted, kept, strict=True):
                squared += self.step(*lesson)
                self.adam.step(self.step.gradient)
            advance(steps * batch * len(names))
        return {"loss": (squared.mean((1, 2)) / self.steps).tolist()}

    @torch.no_grad()
    def validate(self) -> Metrics:
        if not all(len(pairs) for pairs in self.valid):
            return {}
        losses = []
        for name, pairs in zip(self.weights.instruments, self.valid, strict=True):
            said = dense(self.weights.rows((name,)), pairs.heard.unsqueeze(0))[0]
            losses.append(float((said - pairs.wanted).square().mean()))
        return {"valid_loss": losses}


@contextmanager
def _one_thread() -> Iterator[None]:
    """Products this small are done before a second thread has woken up."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
