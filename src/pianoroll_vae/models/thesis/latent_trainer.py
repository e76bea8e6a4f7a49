"""Trains the dense latent networks on random pairs of neighbouring latents."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

from pianoroll_vae.models.recipe import LatentTraining
from pianoroll_vae.models.thesis.dense_step import DenseStep
from pianoroll_vae.models.thesis.latent_networks import dense
from pianoroll_vae.models.thesis.pair_trainer import PairTrainer
from pianoroll_vae.models.thesis.pairs import Pairs
from pianoroll_vae.models.training.loop import Advance, Metrics
from pianoroll_vae.models.training.rng import rng_for
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights

_BATCHES_PER_GATHER = 100
"""Batches that are gathered by one call."""


class LatentTrainer(PairTrainer):
    """Trains all instruments at once. dropout: of the first hidden layer."""

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
        super().__init__(stage, weights, train, valid, training, settings)
        self.dropout = dropout
        self.step = DenseStep(weights, settings.batch_size)
        self.block.grad = self.step.gradient

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        with _one_thread():
            return self._train_epoch(epoch, advance)

    @torch.no_grad()
    def _train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        names, batch = self.instruments, self.settings.batch_size
        self.set_learning_rate(epoch)
        draws = self.draw(epoch)
        rng = rng_for(self.settings.seed, self.stage, "dropout", epoch)
        squared = torch.zeros(len(names), batch, self.train[0].targets.shape[1])
        hidden = self.training.hidden_size
        for start in range(0, self.steps, _BATCHES_PER_GATHER):
            steps = min(_BATCHES_PER_GATHER, self.steps - start)
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
