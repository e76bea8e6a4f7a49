"""Trains the bar VAE on all bars with new notes, brought to C major or A minor."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pianoroll_vae.models.arranger.tokens import NEW, NOTE, TokenStream
from pianoroll_vae.models.arranger.train.bar_vae import BarVae
from pianoroll_vae.models.arranger.train.trainer import ArrangerTrainer, TrainerInputs
from pianoroll_vae.models.arranger.train.vae import kl_divergence
from pianoroll_vae.models.arranger.train.windows import EncoderBars
from pianoroll_vae.models.training.device import autocast
from pianoroll_vae.music.bars import LENGTHS
from pianoroll_vae.music.key import semitones_to_c, transpose_pitches

VELOCITY_WEIGHT = 0.3
"""Of the velocities' nats in the loss: they are half of all nats, and matter less than pitches."""

MAX_TRANSPOSITION = 6
"""Semitones, of bars that are transposed at random."""


class BarVaeTrainer(ArrangerTrainer[BarVae, EncoderBars]):
    """Trains encoder and decoder."""

    stage = "bar_vae"
    unit = "bars"
    max_loss = 1e5
    valid_windows = 2048
    loss_terms = ("kl", "onsets", "length", "velocity")

    def __init__(self, row: str, network: BarVae, inputs: TrainerInputs) -> None:
        self.train_bars, self.valid_bars = (
            _NewBars.of(stream, inputs.band.drums) for stream in (inputs.train, inputs.valid)
        )
        self.bars_of_epoch = min(inputs.recipe.bar_vae.bars, len(self.train_bars.heading))
        super().__init__(row, network, inputs)

    def window_size(self) -> int:
        """In bars."""
        return 1

    def epoch_windows(self) -> int:
        return self.bars_of_epoch

    def sample_batch(self, stream: TokenStream, count: int, rng: np.random.Generator, training: bool) -> EncoderBars:
        """Random bars; while training, some in another key."""
        bars = self.train_bars if stream is self.train else self.valid_bars
        chosen = rng.integers(0, len(bars.heading), count)
        semitones = bars.semitones[chosen]
        if training:
            other = rng.integers(-MAX_TRANSPOSITION, MAX_TRANSPOSITION + 1, count)
            semitones = np.where(rng.random(count) < self.recipe.bar_vae.in_another_key, other, semitones)
        return bars.cut(stream, chosen, np.where(self.drums[bars.instrument[chosen]], 0, semitones)).to(self.device)

    def loss(self, batch: EncoderBars, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """In nats a bar. The loss that is reported is without the KL divergence above the capacity, in which songs
        differ."""
        network, rank, size = self.network, self.ranks.rank, self.ranks.size
        with autocast(self.device, self.settings.precision):
            mean, log_std = network.encoder(batch)
            latent = mean + log_std.exp() * torch.randn(mean.shape, generator=noise, device="cpu").to(self.device)
            nll = network.nll(latent[rank::size], _shard(batch, rank, size))
        kl, bars = kl_divergence(mean, log_std).sum(), len(batch)
        excess = (kl / bars - self.recipe.bar_vae.capacity).clamp(min=0)
        notes = nll[0] + nll[1] + VELOCITY_WEIGHT * nll[2]
        sums = [notes.detach().double(), kl.detach().double() / size, *nll.detach().double()]
        sums.append(torch.tensor(bars / size, device=self.device).double())
        return notes / bars + excess / size, torch.stack(sums).cpu()


@dataclass(frozen=True, eq=False)
class _NewBars:
    """The bars of a token stream whose notes are new."""

    heading: NDArray[np.int64]
    """(bars,): the token before the notes."""

    notes: NDArray[np.int64]
    """(bars,): their number."""

    instrument: NDArray[np.int64]
    """(bars,)"""

    semitones: NDArray[np.int64]
    """(bars,): by which the bar's song is transposed to C major or A minor."""

    @staticmethod
    def of(stream: TokenStream, drums: NDArray[np.bool_]) -> "_NewBars":
        """drums: (instruments,)"""
        headings = np.flatnonzero(stream.kind != NOTE)
        notes = np.diff(np.append(headings, len(stream.kind))) - 1
        new = (stream.kind[headings] == NEW) & (notes > 0)
        heading = headings[new]
        song = _song_of(stream, heading)
        semitones = _semitones_to_c(stream, drums)[song]
        return _NewBars(heading, notes[new], stream.instrument[heading].astype(np.int64), semitones)

    def cut(self, stream: TokenStream, chosen: NDArray[np.int64], semitones: NDArray[np.int64]) -> EncoderBars:
        """The bars `chosen`, transposed by `semitones` (chosen,)."""
        count = self.notes[chosen]
        bar = np.repeat(np.arange(len(chosen)), count)
        place = np.arange(len(bar)) - np.repeat(np.cumsum(count) - count, count)
        note = stream.note[self.heading[chosen][bar] + 1 + place].astype(np.int64)
        note[:, 1] = transpose_pitches(note[:, 1], semitones[bar])
        instrument = self.instrument[chosen]
        return EncoderBars(torch.from_numpy(note), torch.from_numpy(bar), torch.from_numpy(instrument))


def _song_of(stream: TokenStream, token: NDArray[np.int64]) -> NDArray[np.int64]:
    """(tokens,): the index of each token's song."""
    bar = stream.cell[token] // stream.instruments
    return np.searchsorted(stream.song_starts, bar, side="right") - 1


def _semitones_to_c(stream: TokenStream, drums: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(songs,)"""
    pitched = np.flatnonzero((stream.kind == NOTE) & ~drums[stream.instrument])
    durations = np.zeros((len(stream), 12))
    np.add.at(durations, (_song_of(stream, pitched), stream.note[pitched, 1] % 12), LENGTHS[stream.note[pitched, 2]])
    return np.array([semitones_to_c(song) for song in durations], np.int64)


def _shard(bars: EncoderBars, rank: int, size: int) -> EncoderBars:
    """Every size-th bar, from `rank` on."""
    if size == 1:
        return bars
    mine = bars.bar % size == rank
    return EncoderBars(bars.note[mine], bars.bar[mine] // size, bars.instrument[rank::size])
