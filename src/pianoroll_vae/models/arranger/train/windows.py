"""Batches to learn from: stretches of the stream, moved in pitch, as tensors. Knows no networks."""

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pianoroll_vae.models.arranger.tokens import NEW, NOTE, TokenStream
from pianoroll_vae.music.bars import SILENT
from pianoroll_vae.music.notes import PITCHES

HIGHEST = PITCHES - 1

MAX_PITCH_ERROR = 7
"""Semitones by which a note that is read wrongly lies beside the right one, at most."""


@dataclass(frozen=True, eq=False)
class Written:
    """Notes of some bars, to be heard by the encoder: `bar` says which bar each note belongs to."""

    note: Tensor
    """(notes, NOTE_COLUMNS)"""

    bar: Tensor
    """(notes,): 0 … bars - 1, ascending."""

    instrument: Tensor
    """(bars,): the instrument."""

    def __len__(self) -> int:
        """Bars."""
        return len(self.instrument)

    def to(self, device: torch.device) -> "Written":
        return Written(self.note.to(device), self.bar.to(device), self.instrument.to(device))


@dataclass(frozen=True, eq=False)
class Window:
    """Stretches of the stream side by side. All but `bars` are (stretches, tokens); `wanted` is what follows each."""

    note: Tensor
    """(stretches, tokens, NOTE_COLUMNS)"""

    instrument: Tensor
    kind: Tensor
    time: Tensor
    heard: Tensor
    """The place among `bars` of what a heading stands for; -1 where it rests or a note stands."""

    wanted: Tensor
    """(stretches, tokens, NOTE_COLUMNS): the next note of the same cell."""

    ends: Tensor
    """Whether the cell ends here instead."""

    counts: Tensor
    """Whether anything is to be learned here: a note or an end follows."""

    bars: Written
    fresh: Tensor
    """(bars,): whether the bar is written within the window, so that its latent matters."""

    def part(self, rank: int, size: int) -> "Window":
        """Every size-th stretch, and all bars."""
        names = (field.name for field in fields(self) if field.name not in ("bars", "fresh"))
        return replace(self, **{name: getattr(self, name)[rank::size] for name in names})

    def to(self, device: torch.device) -> "Window":
        return Window(*(getattr(self, field.name).to(device) for field in fields(self)))


def shifted(note: NDArray[np.integer], by: NDArray[np.int64]) -> NDArray[np.int64]:
    """Notes (…, NOTE_COLUMNS) moved by semitones (…); what would leave the range stays an octave inside of it."""
    moved = note.astype(np.int64)
    pitch = moved[..., 1] + by
    moved[..., 1] = pitch - 12 * (pitch > HIGHEST) + 12 * (pitch < 0)
    return moved


def written(stream: TokenStream, cells: NDArray[np.int64], by: NDArray[np.int64]) -> Written:
    """The notes of new cells, each moved by its own semitones (drums: pass 0)."""
    begin = stream.head[cells] + 1
    size = _notes_of(stream, cells)
    bar = np.repeat(np.arange(len(cells)), size)
    into = np.arange(len(bar)) - np.repeat(np.cumsum(size) - size, size)
    note = shifted(stream.note[begin[bar] + into], by[bar])
    return Written(torch.from_numpy(note), torch.from_numpy(bar), torch.from_numpy(cells % stream.instruments))


def _notes_of(stream: TokenStream, cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """(cells,): how many notes each new cell has: tokens until the next heading of the order of writing."""
    turn = np.argsort(stream.order)[cells % stream.instruments]
    bar = cells // stream.instruments
    after = (
        np.array([*stream.order[1:], stream.order[0]])[turn]
        + (bar + (turn == stream.instruments - 1)) * stream.instruments
    )
    end = np.where(after < len(stream.source), stream.head[np.minimum(after, len(stream.source))], len(stream.kind))
    return np.asarray(end - stream.head[cells] - 1)


def window(
    stream: TokenStream,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    tokens: int,
    by: NDArray[np.int64],
    drums: NDArray[np.bool_],
) -> Window:
    """Stretches of `tokens` tokens from `starts`, in which what lies at or after `stops` (each song's end) is not
    learned; each moved by `by` semitones, but for `drums` (instruments,)."""
    last = len(stream.kind) - 1
    place = np.minimum(starts[:, None] + np.arange(tokens), last)
    after = np.minimum(place + 1, last)
    instrument, kind, cell = stream.instrument[place], stream.kind[place], stream.cell[place]
    move = by[:, None] * ~drums[instrument]
    inside = place < stops[:, None]
    goes_on = (stream.kind[after] == NOTE) & (after > place)
    counts = inside & ((kind == NOTE) | (kind == NEW))
    source = np.where((kind != NOTE) & inside, stream.source[cell], SILENT).astype(np.int64)
    # A bar heard in two stretches is heard in two keys.
    stretch = np.broadcast_to(np.arange(len(starts))[:, None], source.shape)
    cells = len(stream.source)
    names, heard = np.unique(np.where(source == SILENT, -1, stretch * cells + source), return_inverse=True)
    skip = int(len(names) > 0 and names[0] == -1)
    names, heard = names[skip:], heard.reshape(source.shape) - skip
    bars = names % cells
    bars_by = by[names // cells] * ~drums[bars % stream.instruments]
    first_token = starts[names // cells]
    tensors = (instrument, kind, stream.time[place], heard, ~goes_on & counts, counts)
    who_, says_, time_, heard_, ends_, counts_ = (torch.from_numpy(np.ascontiguousarray(part)) for part in tensors)
    return Window(
        torch.from_numpy(shifted(stream.note[place], move)),
        who_.long(),
        says_.long(),
        time_.long(),
        heard_.long(),
        torch.from_numpy(shifted(stream.note[after], move)),
        ends_,
        counts_,
        written(stream, bars, bars_by),
        torch.from_numpy(stream.head[bars] >= first_token),
    )


def misread(batch: Window, share: float, rng: np.random.Generator, drums: NDArray[np.bool_]) -> Window:
    """The window with a share of its pitched notes read wrongly; what follows, and what bars are heard, stays right."""
    instrument, kind = batch.instrument.numpy(), batch.kind.numpy()
    wrong = (rng.random(instrument.shape) < share) & (kind == NOTE) & ~drums[instrument]
    by = rng.integers(1, MAX_PITCH_ERROR + 1, instrument.shape) * rng.choice([-1, 1], instrument.shape) * wrong
    return replace(batch, note=torch.from_numpy(shifted(batch.note.numpy(), by)))
