"""The training data of the family arranger: a dataset's songs as token streams, and the trainers that take them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.arranger.parameters import prior_specs, vae_specs
from pianoroll_vae.models.arranger.tokens import NOTE, TokenStream, tokenize, writing_order
from pianoroll_vae.models.arranger.train.prior import Prior
from pianoroll_vae.models.arranger.train.prior_trainer import PriorTrainer
from pianoroll_vae.models.arranger.train.trainer import TrainerInputs, load_weights
from pianoroll_vae.models.arranger.train.vae import ArrangerVae
from pianoroll_vae.models.arranger.train.vae_trainer import ArrangerVaeTrainer
from pianoroll_vae.models.model import Kind
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.training.loop import Trainer
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BEAT
from pianoroll_vae.music.splits import Split

ENDING_BARS = 4
"""Bars that are cut from the end of every song."""

MIN_BARS = 8
"""A song is not cut to fewer bars."""


@dataclass(frozen=True)
class ArrangerTrainingData:
    """Training and held-out songs."""

    recipe: Recipe
    band: Band
    train: TokenStream
    valid: TokenStream

    @classmethod
    def of(cls, dataset: Dataset, recipe: Recipe) -> Self:
        if dataset.steps_per_beat != SIXTEENTHS_PER_BEAT:
            raise SettingInvalid(
                f"The recipe '{recipe.name}' learns from sixteenths; this dataset has {dataset.steps_per_beat} steps "
                "a beat.",
                "Make it again: vaemusic preprocess",
            )
        order = writing_order(dataset.band)
        train, valid = (tokenize(_bars(dataset, split), order) for split in ("train", "valid"))
        if not len(train):
            raise NothingFound("The dataset has no training song.", "Choose more songs: vaemusic filter.")
        return cls(recipe, dataset.band, train, valid)

    def silent_instruments(self, names: tuple[str, ...]) -> list[str]:
        """Of the whole band, which the one VAE encodes."""
        playing = set(self.train.instrument[self.train.kind == NOTE].tolist())
        return [name for index, name in enumerate(self.band.names) if index not in playing]

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
        [name] = names
        if vae is None:
            return self.for_vae(name, settings, epochs, device, ranks)
        return self.for_prior(kind, name, vae, settings, epochs, device, ranks)

    def for_vae(
        self, row: str, settings: TrainingSettings, epochs: int, device: torch.device, ranks: Ranks | None = None
    ) -> Trainer:
        weights = Weights.fresh((row,), vae_specs(self.recipe, len(self.band)), settings.seed)
        return ArrangerVaeTrainer(row, self._vae(weights), self._inputs(settings, epochs, device, ranks))

    def for_prior(
        self,
        kind: str,
        row: str,
        vae: Weights,
        settings: TrainingSettings,
        epochs: int,
        device: torch.device,
        ranks: Ranks | None = None,
    ) -> Trainer:
        """Trains the prior of the lead ("melody") or of all other instruments, on what the trained VAE embeds."""
        instruments, (lead, *followers) = len(self.band), self.train.order
        rows = (lead,) if kind == "melody" else tuple(followers)
        weights = Weights.fresh((row,), prior_specs(self.recipe, instruments, len(rows)), settings.seed)
        with torch.device("meta"):
            network = Prior(self.recipe, instruments, len(rows))
        inputs = self._inputs(settings, epochs, device, ranks)
        return PriorTrainer(kind, row, load_weights(network, weights), self._vae(vae).encoder, rows, inputs)

    def _vae(self, weights: Weights) -> ArrangerVae:
        with torch.device("meta"):
            network = ArrangerVae(self.recipe, len(self.band))
        return load_weights(network, weights)

    def _inputs(
        self, settings: TrainingSettings, epochs: int, device: torch.device, ranks: Ranks | None
    ) -> TrainerInputs:
        return TrainerInputs(self.recipe, self.band, self.train, self.valid, settings, epochs, device, ranks or Ranks())


def _bars(dataset: Dataset, split: Split) -> Iterator[Bars]:
    drums = np.array([instrument.is_drum for instrument in dataset.band])
    for index, entry in enumerate(dataset.songs):
        if entry.split == split:
            yield without_end(Bars.of(dataset.song(index).notes, entry.steps, drums))


def without_end(song: Bars) -> Bars:
    """A song from its first to its last note, except its last `ENDING_BARS` bars: a band that is trained on endings
    stops before the requested number of bars, and never starts again."""
    playing = np.flatnonzero(np.diff(song.first)) // song.instruments
    if not len(playing):
        return song
    first, last = int(playing[0]), int(playing[-1]) + 1
    return song.between(first, max(last - ENDING_BARS, min(first + MIN_BARS, last)))
