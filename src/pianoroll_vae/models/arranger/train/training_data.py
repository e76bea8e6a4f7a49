"""The training data of the family arranger: a dataset's songs as token streams, and the trainers that take them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.arranger.parameters import prior_specs, vae_specs
from pianoroll_vae.models.arranger.tokens import TokenStream, tokenize, writing_order
from pianoroll_vae.models.arranger.train.prior_trainer import PriorTrainer
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

ENDING = 4
"""Bars at a song's end that nothing is learned from."""

SHORTEST = 8
"""Bars that are left of a short song."""


@dataclass(frozen=True)
class ArrangerTrainingData:
    """Training and held-out songs of a dataset."""

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
        playing = set(self.train.instrument[self.train.kind == 3].tolist())
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
        return ArrangerVaeTrainer(
            self.recipe, self.band, weights, self.train, self.valid, settings, epochs, device, ranks
        )

    def for_prior(
        self,
        kind: str,
        row: str,
        encoder: Weights,
        settings: TrainingSettings,
        epochs: int,
        device: torch.device,
        ranks: Ranks | None = None,
    ) -> Trainer:
        """The prior of the lead ("melody") or of the other instruments ("conditional"); `encoder`: the trained VAE."""
        lead, *followers = self.train.order
        planners = (lead,) if kind == "melody" else tuple(followers)
        weights = Weights.fresh((row,), prior_specs(self.recipe, len(self.band), len(planners)), settings.seed)
        views = {name: view[0] for name, view in encoder.views().items()}
        return PriorTrainer(
            kind,
            self.recipe,
            self.band,
            weights,
            views,
            self.train,
            self.valid,
            planners,
            settings,
            epochs,
            device,
            ranks,
        )


def _bars(dataset: Dataset, split: Split) -> Iterator[Bars]:
    drums = np.array([instrument.is_drum for instrument in dataset.band])
    for index, entry in enumerate(dataset.songs):
        if entry.split == split:
            yield without_end(Bars.of(dataset.song(index).notes, entry.steps, drums))


def without_end(song: Bars) -> Bars:
    """A song from its first to its last note, but for its last bars: nobody who asks for so many bars wants to hear the
    band stop before, and a band that has learned how songs end never starts again."""
    playing = np.flatnonzero(np.diff(song.first)) // song.instruments
    if not len(playing):
        return song
    first, last = int(playing[0]), int(playing[-1]) + 1
    return song.between(first, max(last - ENDING, min(first + SHORTEST, last)))
