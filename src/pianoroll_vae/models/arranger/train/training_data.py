"""The training data of the family arranger: a dataset's songs as token streams, and the trainers that take them."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch

from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.models.arranger.blocks import read_blocks
from pianoroll_vae.models.arranger.conditions import GENRES, Conditions, multi_hot_genres, tempo_class
from pianoroll_vae.models.arranger.parameters import bar_vae_specs, melody_specs, prior_specs, vae_specs
from pianoroll_vae.models.arranger.tokens import NOTE, ChartedSong, TokenStream, tokenize, writing_order
from pianoroll_vae.models.arranger.train.bar_vae import BarVae
from pianoroll_vae.models.arranger.train.bar_vae_trainer import BarVaeTrainer
from pianoroll_vae.models.arranger.train.prior import Prior
from pianoroll_vae.models.arranger.train.prior_trainer import PriorTrainer
from pianoroll_vae.models.arranger.train.trainer import TrainerInputs, load_weights
from pianoroll_vae.models.arranger.train.vae import ArrangerVae
from pianoroll_vae.models.arranger.train.vae_trainer import ArrangerVaeTrainer
from pianoroll_vae.models.arranger.traits import read_traits
from pianoroll_vae.models.model import Kind
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.training.device import trainer_that_fits
from pianoroll_vae.models.training.loop import Trainer
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bar_lines import BarLines
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.beat_grid import snap_notes
from pianoroll_vae.music.chart_reading import pitch_class_cells, read_chords
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.resolution import TWELFTHS_PER_BEAT
from pianoroll_vae.music.splits import Split

ENDING_BARS = 4
"""Bars that are cut from the end of every song."""

MIN_PRIOR_UPDATES, MIN_PRIOR_BATCH = 8, 4
"""In an epoch; and the windows of a batch, at least."""

MIN_BARS = 8
"""A song is not cut to fewer bars."""


@dataclass(frozen=True)
class ArrangerTrainingData:
    """Training and held-out songs."""

    recipe: Recipe
    band: Band
    train: TokenStream
    valid: TokenStream
    notice: Callable[[str], None] = lambda text: None
    """Receives notices for the user while training."""

    @classmethod
    def from_dataset(cls, dataset: Dataset, recipe: Recipe, notice: Callable[[str], None] = lambda text: None) -> Self:
        if dataset.steps_per_beat != TWELFTHS_PER_BEAT:
            raise SettingInvalid(
                f"The recipe '{recipe.name}' learns from {TWELFTHS_PER_BEAT} steps a beat; this dataset has "
                f"{dataset.steps_per_beat}.",
                "Make it again: vaemusic preprocess",
            )
        order = writing_order(dataset.band)
        recipe = replace(recipe, genres=_genres(dataset, recipe.genres))
        train, valid = (tokenize(_songs(dataset, split, recipe.genres), order) for split in ("train", "valid"))
        if not len(train):
            raise NothingFound("The dataset has no training song.", "Choose more songs: vaemusic filter.")
        return cls(recipe, dataset.band, train, valid, notice)

    def silent_instruments(self, names: tuple[str, ...]) -> list[str]:
        """Of the whole band, which the one VAE encodes."""
        playing = set(self.train.instrument[self.train.kind == NOTE].tolist())
        return [name for index, name in enumerate(self.band.names) if index not in playing]

    def batch_size(self, kind: Kind) -> int:
        """The recipe's; of the priors a smaller one where songs are few, so that an epoch still has some updates."""
        size = self.recipe.training_of(kind).batch_size
        if kind not in ("melody", "conditional"):
            return size
        windows = int(self.train.song_starts[-1]) // self.recipe.arranger.context_bars
        return min(size, max(windows // MIN_PRIOR_UPDATES, MIN_PRIOR_BATCH))

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
        if kind == "bar_vae":
            return self.for_bar_vae(name, settings, epochs, device, ranks)
        if vae is None:
            return self.for_vae(name, settings, epochs, device, ranks)
        return self.for_prior(kind, name, vae, settings, epochs, device, ranks)

    def for_vae(
        self, row: str, settings: TrainingSettings, epochs: int, device: torch.device, ranks: Ranks | None = None
    ) -> Trainer:
        weights = Weights.fresh((row,), vae_specs(self.recipe, len(self.band)), settings.seed)

        def trainer(sized: TrainingSettings) -> ArrangerVaeTrainer:
            return ArrangerVaeTrainer(row, self._vae(weights), self._inputs(sized, epochs, device, ranks))

        return trainer_that_fits(trainer, settings, device, self.notice)

    def for_bar_vae(
        self, row: str, settings: TrainingSettings, epochs: int, device: torch.device, ranks: Ranks | None = None
    ) -> Trainer:
        weights = Weights.fresh((row,), bar_vae_specs(self.recipe, len(self.band)), settings.seed)
        network = load_weights(BarVae(self.recipe.bar_vae, len(self.band)), weights)
        return BarVaeTrainer(row, network, self._inputs(settings, epochs, device, ranks))

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
        leads = kind == "melody"
        specs = melody_specs(self.recipe, instruments) if leads else prior_specs(self.recipe, instruments, len(rows))
        weights = Weights.fresh((row,), specs, settings.seed)

        def trainer(sized: TrainingSettings) -> PriorTrainer:
            network = load_weights(Prior(self.recipe, instruments, len(rows), with_chart=leads), weights)
            if network.traits is not None:
                network.traits.set_means(self.train.conditions.traits)
            inputs = self._inputs(sized, epochs, device, ranks)
            return PriorTrainer(kind, row, network, self._vae(vae).encoder, rows, inputs)

        return trainer_that_fits(trainer, settings, device, self.notice)

    def _vae(self, weights: Weights) -> ArrangerVae:
        return load_weights(ArrangerVae(self.recipe, len(self.band)), weights)

    def _inputs(
        self, settings: TrainingSettings, epochs: int, device: torch.device, ranks: Ranks | None
    ) -> TrainerInputs:
        return TrainerInputs(self.recipe, self.band, self.train, self.valid, settings, epochs, device, ranks or Ranks())


def _genres(dataset: Dataset, known: tuple[str, ...]) -> tuple[str, ...]:
    """The genres of the networks: those that they had before, then the most common ones of the training songs."""
    counts = Counter(genre for song in dataset.songs if song.split == "train" for genre in song.genres)
    new = [genre for genre, _ in counts.most_common() if genre not in known]
    return known + tuple(sorted(new[: GENRES - len(known)]))


def _songs(dataset: Dataset, split: Split, genres: tuple[str, ...]) -> Iterator[ChartedSong]:
    drums = dataset.band.drums
    for index, entry in enumerate(dataset.songs):
        if entry.split == split:
            song = dataset.song(index)
            bars = Bars.from_notes(snap_notes(song.notes, song.steps), song.steps, drums, BarLines.of_song(song))
            edges = np.minimum(bars.lines.half_edges, song.steps)
            chords = read_chords(pitch_class_cells(song, edges)).reshape(-1, 2)
            multi_hot, tempo = multi_hot_genres(entry.genres, genres), np.array(tempo_class(entry.first_tempo))
            first, last = without_end(bars)
            phase = read_blocks(bars.between(first, last), chords[first:last]).phase
            bars, chords = bars.between(first + phase, last), chords[first + phase : last]
            conditions = Conditions(multi_hot, tempo, read_traits(bars))
            yield ChartedSong(bars, chords, read_blocks(bars, chords, 0), conditions)


def without_end(song: Bars) -> tuple[int, int]:
    """A song's bars [first, last) from its first to its last note, but for the last `ENDING_BARS` bars: a band that is
    trained on endings stops before the requested number of bars, and never starts again."""
    playing = np.flatnonzero(np.diff(song.first)) // song.instruments
    if not len(playing):
        return 0, len(song)
    first, last = int(playing[0]), int(playing[-1]) + 1
    return first, max(last - ENDING_BARS, min(first + MIN_BARS, last))
