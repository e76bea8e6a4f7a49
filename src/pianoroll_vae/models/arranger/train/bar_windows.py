"""Training batches of the prior: windows of whole bars, as the encoder embeds them."""

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS
from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.parameters import WROTE_NEW
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEAT, REST, TokenStream
from pianoroll_vae.models.arranger.train.prior import Plan
from pianoroll_vae.models.arranger.train.vae import BarEncoder
from pianoroll_vae.models.arranger.train.windows import distinct_cells, encoder_bars, transposed_labels
from pianoroll_vae.models.arranger.traits import transposed_traits
from pianoroll_vae.music.bars import SILENT
from pianoroll_vae.music.chord_labels import NO_CHORD


@dataclass(frozen=True, eq=False)
class BarWindow(Plan):
    """A batch of windows of bars with their plan, and in front of each the MEMORY_BARS bars before, which have no loss.

    (windows, MEMORY_BARS + bars, instruments), but `chords`, `form`, `block_bar`, `bar` and `in_song` have no axis of
    instruments, and `genres`, `tempo` and `traits` none of bars. Outside of the song there is no chord.
    """

    content: Tensor
    """(…, content_size)"""

    history: Tensor
    """(…, content_size): the content that the prior's history reads, see `corrupt_history`."""

    mean: Tensor
    """(…, latent_size): of the posterior."""

    std: Tensor
    """(…, latent_size)"""

    kind: Tensor
    action: Tensor
    source: Tensor
    """The cell whose notes are played; SILENT for rests."""

    bar: Tensor
    """Numbered from the song's first."""

    traits: Tensor
    """(windows, instruments, traits)"""

    in_song: Tensor
    """Whether the bar is of the song in which the window begins."""

    def shard(self, rank: int, size: int) -> "BarWindow":
        """Every size-th window."""
        return BarWindow(*(getattr(self, field.name)[rank::size] for field in fields(self)))


def cut_bar_windows(
    encoder: BarEncoder,
    stream: TokenStream,
    starts: NDArray[np.int64],
    bars: int,
    semitones: NDArray[np.int64],
    drums: NDArray[np.bool_],
    conditions: Conditions,
    device: torch.device,
) -> BarWindow:
    """Windows of `bars` bars, transposed by semitones (windows,).

    starts: (windows,), the bar after the first one. Where that is the first bar of a song, the window begins with a
    silent bar, from which the song's beginning is predicted.
    """
    instruments = stream.instruments
    inside, number, in_song = _bars_of_windows(stream, starts, bars)
    cell = inside[..., None] * instruments + np.arange(instruments)
    source = np.where(in_song[..., None], stream.source[cell], SILENT).astype(np.int64)
    content, mean, std = _read_bars(encoder, stream, source, semitones, drums, device)
    kind = np.where(source == SILENT, REST, np.where(source == cell, NEW, REPEAT))
    action = np.where(kind == REPEAT, repeat_distance(source, MEMORY_BARS), np.where(kind == NEW, WROTE_NEW, 0))
    arrays = {
        "chords": np.where(in_song[..., None], transposed_labels(stream.chords[inside], semitones), NO_CHORD),
        "form": np.where(in_song, stream.form[inside], 0),
        "block_bar": number % BLOCK_BARS,
        "active": stream.active[inside] & in_song[..., None],
        "genres": conditions.genres,
        "tempo": conditions.tempo,
        "traits": transposed_traits(conditions.traits, semitones, drums),
        "kind": kind,
        "action": action,
        "source": source,
        "bar": number,
        "in_song": in_song,
    }
    tensors = {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
    return BarWindow(content=content, history=content, mean=mean, std=std, **tensors)


def _bars_of_windows(
    stream: TokenStream, starts: NDArray[np.int64], bars: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """(windows, MEMORY_BARS + bars) each: the bars of the stream, their numbers in the song in which the window begins,
    both 0 outside of it, and whether they are inside."""
    song = np.searchsorted(stream.song_starts, starts, side="right") - 1
    bar = starts[:, None] - 1 + np.arange(-MEMORY_BARS, bars)
    begin, end = stream.song_starts[song][:, None], stream.song_starts[song + 1][:, None]
    in_song = (bar >= begin) & (bar < end)
    return np.where(in_song, bar, 0), np.where(in_song, bar - begin, 0), in_song


def _read_bars(
    encoder: BarEncoder,
    stream: TokenStream,
    source: NDArray[np.int64],
    semitones: NDArray[np.int64],
    drums: NDArray[np.bool_],
    device: torch.device,
) -> tuple[Tensor, Tensor, Tensor]:
    """Content, mean and std of the posterior of cells `source`: (windows, bars, instruments, …); zeros for rests."""
    cells, window, index = distinct_cells(source, len(stream.source))
    notes = encoder_bars(stream, cells, semitones[window] * ~drums[cells % stream.instruments]).to(device)
    with torch.no_grad():
        content = encoder(notes)
        mean, log_std = encoder.posterior(content)
    row = torch.from_numpy(index + 1).to(device)  # 0, of rests, is the row of zeros
    content, mean, std = (F.pad(x, (0, 0, 1, 0))[row] for x in (content, mean, log_std.exp()))
    return content, mean, std


def corrupt_history(batch: BarWindow, ratio: float, rng: np.random.Generator) -> BarWindow:
    """The windows with a share of the bars in the prior's history exchanged for other bars of the same instrument: when
    the band plays, its history has its own mistakes. What is predicted stays."""
    windows, bars, instruments, size = batch.content.shape
    other = torch.from_numpy(rng.integers(0, bars, (windows, bars, instruments))).to(batch.content.device)
    exchanged = torch.from_numpy(rng.random((windows, bars, instruments)) < ratio).to(other.device)
    taken = batch.content.gather(1, other.unsqueeze(-1).expand(-1, -1, -1, size))
    exchanged = exchanged & (batch.source != SILENT) & (batch.source.gather(1, other) != SILENT)
    return replace(batch, history=torch.where(exchanged.unsqueeze(-1), taken, batch.content))


def bars_before(cells: Tensor) -> Tensor:
    """(windows, MEMORY_BARS + bars, …) to (windows, bars - 1, MEMORY_BARS, …): the bars before each but the first, the
    latest first."""
    bar = torch.arange(MEMORY_BARS + 1, cells.shape[1], device=cells.device)
    return cells[:, bar[:, None] - 1 - torch.arange(MEMORY_BARS, device=cells.device)]


def repeat_distance(source: NDArray[np.int64], farthest: int) -> NDArray[np.int64]:
    """(…, bars, instruments) sources to how many bars back each was played last; 0 where it was not."""
    distance = np.zeros(source.shape, np.int64)
    for back in range(farthest, 0, -1):
        same = (source[..., back:, :] == source[..., :-back, :]) & (source[..., back:, :] != SILENT)
        distance[..., back:, :] = np.where(same, back, distance[..., back:, :])
    return distance
