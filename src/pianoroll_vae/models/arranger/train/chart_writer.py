"""The chart writer: a transformer that writes form, which instruments play and chords, block by block of four bars.

A block is nine tokens: the block itself, with its form and the instruments that play in it, and its eight chords. The
form of the next block is predicted from the last chord before it; its instruments from that and the form; each chord
from the tokens before it. Chords are often copied, so the logits of four chords that have been there get a bonus each.
"""

from dataclasses import dataclass, fields

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, BLOCK_HALVES, FORMS, MAX_RETURN
from pianoroll_vae.models.arranger.conditions import GENRES, TEMPOS, Conditions
from pianoroll_vae.models.arranger.parameters import BLOCK_TOKENS, CHART_PERIODS, CHORD_LABELS, COPIES
from pianoroll_vae.models.arranger.tokens import TokenStream
from pianoroll_vae.models.arranger.train.layers import RMSNorm, Transformer, gelu
from pianoroll_vae.models.arranger.train.windows import transposed_labels
from pianoroll_vae.models.arranger.traits import CLASSES, PLAYING
from pianoroll_vae.models.recipe import ArrangerSizes

NO_COPY = -1


@dataclass(frozen=True, eq=False)
class ChartWindow:
    """A batch of windows of blocks; (windows, blocks) unless a shape is given."""

    chords: Tensor
    """(windows, blocks, BLOCK_HALVES)"""

    copies: Tensor
    """(windows, blocks, BLOCK_HALVES, COPIES): the chords that may be copied; NO_COPY where there is none."""

    form: Tensor
    active: Tensor
    """(windows, blocks, instruments)"""

    returned: Tensor
    """(windows, blocks, instruments): which play in the block that is returned to; False for new material."""

    has_loss: Tensor
    """Whether the block lies wholly in the song."""

    form_has_loss: Tensor
    """Whether the form is predicted too: the block returned to and the beginning of the song are in the window."""

    genres: Tensor
    """(windows, GENRES)"""

    tempo: Tensor
    """(windows,)"""

    present: Tensor
    """(windows, instruments): whether an instrument plays anywhere in the song."""

    playing: Tensor
    """(windows, instruments): class of the trait `PLAYING`."""

    def shard(self, rank: int, size: int) -> "ChartWindow":
        """Every size-th window."""
        return ChartWindow(*(getattr(self, field.name)[rank::size] for field in fields(self)))


def cut_chart_windows(
    stream: TokenStream,
    starts: NDArray[np.int64],
    blocks: int,
    semitones: NDArray[np.int64],
    conditions: Conditions,
    device: torch.device,
) -> ChartWindow:
    """Windows of `blocks` blocks around the bars `starts` (windows,), transposed by semitones (windows,)."""
    song = np.searchsorted(stream.song_starts, starts, side="right") - 1
    begin, end = stream.song_starts[song], stream.song_starts[song + 1]
    number = np.maximum((starts - begin) // BLOCK_BARS - blocks // 2, 0)
    block = number[:, None] + np.arange(blocks)
    bar = begin[:, None] + block * BLOCK_BARS
    inside = bar + BLOCK_BARS <= end[:, None]
    labels, halves = stream.chords.ravel(), 2 * bar[..., None] + np.arange(BLOCK_HALVES)
    first_half = 2 * begin[:, None, None]
    form = np.where(inside, stream.form[np.where(inside, bar, 0)], 0)
    back = np.stack(np.broadcast_arrays(1, 8, 16, form[..., None] * BLOCK_HALVES), -1)
    origin = halves[..., None] - back
    known = (origin >= first_half[..., None]) & (back > 0) & inside[..., None, None]
    chords = transposed_labels(np.where(inside[..., None], labels[np.minimum(halves, len(labels) - 1)], 0), semitones)
    copies = np.where(known, transposed_labels(labels[np.where(known, origin, 0)], semitones), NO_COPY)
    source = np.where(inside & (form > 0), bar - form * BLOCK_BARS, 0)
    arrays = (
        chords,
        copies,
        form,
        stream.active[np.where(inside, bar, 0)] & inside[..., None],
        stream.active[source] & (inside & (form > 0))[..., None],
        inside,
        inside & (form <= np.arange(blocks)) & ((block > 0) & (np.arange(blocks) > 0) | (block == 0)),
        conditions.genres,
        conditions.tempo,
        stream.present[song],
        conditions.traits[..., PLAYING],
    )
    return ChartWindow(*(torch.from_numpy(np.ascontiguousarray(array)).to(device) for array in arrays))


class NextActive(nn.Module):
    """Which instruments play in the next block, one after the other."""

    def __init__(self, instruments: int, width: int) -> None:
        super().__init__()
        hidden = 2 * width
        self.instruments = instruments
        self.form = nn.Embedding(FORMS, hidden)
        self.up = nn.Linear(width + 3 * instruments, hidden)
        self.out = nn.Linear(hidden, instruments)

    def forward(self, x: Tensor, form: Tensor, before: Tensor, returned: Tensor, active: Tensor) -> Tensor:
        """(…, instruments) logits. x: (…, width); before, returned, active: (…, instruments), 0 or 1, in the block
        before, in the block that is returned to, and in the block itself, where each depends on those before it."""
        logits = []
        for instrument in range(self.instruments):
            earlier = active * (torch.arange(self.instruments, device=active.device) < instrument)
            hidden = gelu(self.up(torch.cat([x, before, returned, earlier], -1)) + self.form(form))
            logits.append(
                F.linear(
                    hidden, self.out.weight[instrument : instrument + 1], self.out.bias[instrument : instrument + 1]
                )
            )
        return torch.cat(logits, -1).float()


class ChartWriter(nn.Module):
    """Its state dict has the names and the order of `parameters.chart_writer_specs`."""

    def __init__(self, instruments: int, sizes: ArrangerSizes) -> None:
        super().__init__()
        width = sizes.chart_width
        self.chord = nn.Embedding(CHORD_LABELS, width)
        self.block_half = nn.Embedding(BLOCK_TOKENS, width)
        self.form = nn.Embedding(FORMS, width)
        self.active = nn.Linear(instruments, width, bias=False)
        self.genre = nn.Embedding(GENRES, width)
        self.tempo = nn.Embedding(TEMPOS, width)
        self.present = nn.Linear(instruments, width, bias=False)
        self.playing = nn.Embedding(instruments * CLASSES[PLAYING], width)
        self.layers = Transformer(sizes.chart_layers, width, sizes.chart_heads, CHART_PERIODS)
        self.norm = RMSNorm(width)
        self.next_form = nn.Linear(width, FORMS)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.next_active = NextActive(instruments, width)
        self.next_chord = nn.Linear(width, CHORD_LABELS)
        self.copy = nn.Linear(width, COPIES)

    def forward(self, window: ChartWindow) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of form (windows, blocks, FORMS), instruments (windows, blocks, instruments) and chords (windows,
        blocks, BLOCK_HALVES, CHORD_LABELS)."""
        windows, blocks = window.form.shape
        active = window.active.to(self.chord.weight.dtype)
        block = (self.form(window.form) + self.active(active)).unsqueeze(2)
        tokens = torch.cat([block, self.chord(window.chords)], 2) + self.block_half.weight
        # The token before the first block is silent but for the conditions.
        x = F.pad(tokens.flatten(1, 2), (0, 0, 1, 0))
        conditions = window.genres.to(x.dtype) @ self.genre.weight + self.tempo(window.tempo)
        part = torch.arange(window.playing.shape[1], device=x.device) * CLASSES[PLAYING]
        conditions = conditions + self.present(window.present.to(x.dtype)) + self.playing(window.playing + part).sum(1)
        x = x + conditions.unsqueeze(1)
        time = torch.arange(x.shape[1], device=x.device).expand(windows, -1)
        x = self.norm(self.layers(x, time))
        before, in_block = x[:, :-1:BLOCK_TOKENS], x[:, 1:].unflatten(1, (blocks, BLOCK_TOKENS))
        was_active = F.pad(active[:, :-1], (0, 0, 1, 0))
        returned = window.returned.to(active.dtype)
        players = self.next_active(before, window.form, was_active, returned, active)
        return (
            self.form_logits(before, in_block[:, :, 0]),
            players,
            self.chord_logits(in_block[:, :, :-1], window.copies),
        )

    def form_logits(self, before: Tensor, block: Tensor) -> Tensor:
        """(windows, blocks, FORMS), of outputs (windows, blocks, width) before each block and of each block itself."""
        blocks = before.shape[1]
        pointer = (self.query(before) @ self.key(block).transpose(1, 2)).float() * before.shape[-1] ** -0.5
        distance = torch.arange(1, MAX_RETURN + 1, device=before.device)
        earlier = torch.arange(blocks, device=before.device)[:, None] - distance
        similarity = pointer.gather(2, earlier.clamp(min=0).expand(len(pointer), -1, -1))
        logits: Tensor = self.next_form(before).float() + F.pad(similarity, (1, 0))
        return logits.masked_fill(F.pad(earlier < 0, (1, 0)), -torch.inf)

    def chord_logits(self, x: Tensor, copies: Tensor) -> Tensor:
        """(…, CHORD_LABELS) of outputs x (…, width) and the chords copies (…, COPIES)."""
        bonus = self.copy(x).float() * (copies != NO_COPY)
        logits: Tensor = self.next_chord(x).float()
        return logits.scatter_add(-1, copies.clamp(min=0), bonus)

    def nll(self, window: ChartWindow) -> Tensor:
        """(3,): nats of form, instruments and chords, summed over the batch."""
        form, active, chords = self(window)
        form_nll = F.cross_entropy(form[window.form_has_loss], window.form[window.form_has_loss], reduction="sum")
        mask = window.has_loss
        active_nll = F.binary_cross_entropy_with_logits(
            active[mask], window.active[mask].to(active.dtype), reduction="sum"
        )
        chord_nll = F.cross_entropy(chords[mask].flatten(0, 1), window.chords[mask].flatten(), reduction="sum")
        return torch.stack([form_nll, active_nll, chord_nll])
