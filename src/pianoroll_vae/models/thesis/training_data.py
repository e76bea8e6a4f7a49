"""The training data of the family thesis: segments of a dataset, and the trainers that take them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch

from pianoroll_vae.errors import NothingFound
from pianoroll_vae.models.model import Kind
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.thesis.latent_networks import ConditionalNN, MelodyNN
from pianoroll_vae.models.thesis.latent_trainer import LatentTrainer
from pianoroll_vae.models.thesis.pairs import Pairs, follower_pairs, latent_means, lead_pairs
from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.sequence_trainer import SequenceTrainer
from pianoroll_vae.models.thesis.transposition import in_one_key
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.thesis.vae_trainer import VaeTrainer
from pianoroll_vae.models.training.device import trainer_that_fits
from pianoroll_vae.models.training.loop import Trainer
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.segments import SegmentBank


@dataclass(frozen=True)
class ThesisTrainingData:
    """Training and held-out segments of a dataset."""

    recipe: Recipe
    band: Band
    train: SegmentBank
    valid: SegmentBank
    notice: Callable[[str], None] = lambda text: None

    @classmethod
    def from_dataset(cls, dataset: Dataset, recipe: Recipe, notice: Callable[[str], None]) -> Self:
        """A dataset's training and held-out songs, in one key if the recipe has `one_key`."""
        banks = (dataset.bank("train"), dataset.bank("valid"))
        train, valid = (in_one_key(bank, dataset) for bank in banks) if recipe.one_key else banks
        return cls(recipe, dataset.band, train, valid, notice)

    def silent_instruments(self, names: tuple[str, ...]) -> list[str]:
        return [name for name in names if not self.train.sounding[:, self.band.index(name)].any()]

    def batch_size(self, kind: Kind) -> int:
        return self.recipe.training_of(kind).batch_size

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
        if vae is None:
            return self.for_vae(names, settings, ranks, device)
        encoder = BandVae(self.recipe, vae)
        if kind == "melody":
            return self.for_melody(encoder, settings)
        return self.for_conditional(encoder, names, settings)

    def for_vae(
        self, instruments: tuple[str, ...], settings: TrainingSettings, ranks: Ranks, device: torch.device
    ) -> VaeTrainer:
        """Of untrained VAEs of some of the band's instruments. A batch that a GPU's memory cannot hold is halved."""
        if not len(self.train):
            raise NothingFound(
                "The dataset has no training song that is as long as a segment.",
                "Choose more or longer songs, or shorter segments: vaemusic preprocess --segment-beats 4.",
            )
        vae = BandVae.fresh(self.recipe, instruments, settings.seed)
        columns = tuple(self.band.index(name) for name in instruments)
        pitched = [row for row, column in enumerate(columns) if not self.band.instruments[column].is_drum]
        scale = self.recipe.grid.cell_scale

        def trainer(sized: TrainingSettings) -> VaeTrainer:
            train, valid = (Rolls(bank, vae.order, columns, scale, device) for bank in self._banks)
            return VaeTrainer(vae, train, valid, sized, ranks, pitched)

        return trainer_that_fits(trainer, settings, device, self.notice)

    def for_melody(self, vae: BandVae, settings: TrainingSettings) -> Trainer:
        """Of the lead's untrained network. `vae` has at least the lead."""
        network = MelodyNN.fresh(self.recipe, self.band.lead, settings.seed)
        lead = self.band.lead_index
        train, valid = (
            [lead_pairs(means, bank, lead)] for means, bank in zip(self._means(vae), self._banks, strict=True)
        )
        self._refuse_too_few(train)
        return self._latent_trainer("melody", network.weights, train, valid, settings, self.recipe.latents.dropout)

    def for_conditional(self, vae: BandVae, followers: tuple[str, ...], settings: TrainingSettings) -> Trainer:
        """Of untrained networks of some of the instruments that follow the lead."""
        network = ConditionalNN.fresh(self.recipe, followers, settings.seed)
        lead, columns = self.band.lead_index, [self.band.index(name) for name in followers]
        train, valid = (
            [follower_pairs(means, bank, column, lead) for column in columns]
            for means, bank in zip(self._means(vae), self._banks, strict=True)
        )
        self._refuse_too_few(train)
        return self._latent_trainer("conditional", network.weights, train, valid, settings, dropout=0.0)

    def _latent_trainer(
        self,
        stage: str,
        weights: Weights,
        train: list[Pairs],
        valid: list[Pairs],
        settings: TrainingSettings,
        dropout: float,
    ) -> Trainer:
        training = self.recipe.latents
        if training.network == "mlp":
            return LatentTrainer(stage, weights, train, valid, training, settings, dropout)
        return SequenceTrainer(stage, weights, train, valid, training, settings)

    @property
    def _banks(self) -> tuple[SegmentBank, SegmentBank]:
        return self.train, self.valid

    def _means(self, vae: BandVae) -> tuple[torch.Tensor, torch.Tensor]:
        """Latents of both splits in the band's order; zeros for instruments that `vae` lacks."""
        columns = tuple(self.band.index(name) for name in vae.instruments)
        both = []
        for bank in self._banks:
            means = torch.zeros(len(bank), len(self.band), self.recipe.latent_size)
            means[:, columns] = latent_means(vae, Rolls(bank, vae.order, columns, self.recipe.grid.cell_scale))
            both.append(means)
        return both[0], both[1]

    def _refuse_too_few(self, pairs: list[Pairs]) -> None:
        if not all(len(some) for some in pairs):
            raise NothingFound(
                "No training song is as long as two segments: there is no next one to predict.",
                "Choose more or longer songs, or shorter segments: vaemusic preprocess --segment-beats 4.",
            )
