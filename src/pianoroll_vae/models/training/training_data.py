"""What the training data of every recipe family offers."""

from typing import Protocol

import torch

from pianoroll_vae.models.model import Kind
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.training.loop import Trainer
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import Band


class TrainingData(Protocol):
    """A dataset's training and held-out songs, as the networks of a recipe take them."""

    @property
    def recipe(self) -> Recipe: ...

    @property
    def band(self) -> Band: ...

    def silent_instruments(self, names: tuple[str, ...]) -> list[str]:
        """Instruments that never play in the training songs, of those that the VAEs `names` encode."""

    def batch_size(self, kind: Kind) -> int:
        """Of the networks of a kind, where none is asked for."""

    def trainer(
        self,
        kind: Kind,
        names: tuple[str, ...],
        vae: Weights | None,
        settings: TrainingSettings,
        epochs: int,
        device: torch.device,
        ranks: Ranks,
    ) -> Trainer:
        """A trainer of untrained networks `names` of a kind; `vae`: the trained VAEs, for latent networks."""
