"""What the trainers of latent networks share: networks of several instruments, each trained on pairs of its own.

Always on the CPU: launching the kernels of one step takes a GPU longer than a CPU computes it.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from pianoroll_vae.models.recipe import LatentTraining
from pianoroll_vae.models.thesis.pairs import Pairs
from pianoroll_vae.models.training.adam import Adam, adam_state
from pianoroll_vae.models.training.rng import rng_for
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights


class PairTrainer:
    """Holds the networks of `weights`, one an instrument, their pairs and one optimiser for all."""

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
        self.steps = -(-training.pairs // settings.batch_size)
        self.samples_per_epoch = self.steps * settings.batch_size * len(self.instruments)
        self.block = nn.Parameter(weights.flat)
        self.optimizer = Adam([self.block], settings.learning_rate, fused=True)

    def named_weights(self) -> Mapping[str, Tensor]:
        return self.weights.tensors()

    def optimizer_state(self) -> Mapping[str, Tensor]:
        return adam_state(self.optimizer, ["weights"])

    def set_learning_rate(self, epoch: int) -> None:
        """That of an epoch, counted from 1."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * self.training.learning_rate_decay ** (epoch - 1)

    def draw(self, epoch: int) -> list[Tensor]:
        """The numbers of the pairs of an epoch in random order, for each instrument (steps · batch_size,)."""
        return [
            pairs.draw(
                self.steps * self.settings.batch_size, rng_for(self.settings.seed, self.stage, name, "pairs", epoch)
            )
            for name, pairs in zip(self.instruments, self.train, strict=True)
        ]
