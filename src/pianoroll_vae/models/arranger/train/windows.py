"""Training batches of the VAE: windows of the token stream, transposed, as tensors."""

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pianoroll_vae.models.arranger.tokens import NEW, NOTE, TokenStream
from pianoroll_vae.music.bars import SILENT
from pianoroll_vae.music.notes import PITCHES

MAX_PITCH_ERROR = 7
"""Semitones by which `corrupt_pitches` moves a note, at most."""


@dataclass(frozen=True, eq=False)
class EncoderBars:
    """The encoder's input: the notes of some bars."""

    note: Tensor
    """(notes, NOTE_COLUMNS)"""

    bar: Tensor
    """(notes,): the index of each note's bar, ascending."""

    instrument: Tensor
    """(bars,)"""

    def __len__(self) -> int:
        """Bars."""
        return len(self.instrument)

    def to(self, device: torch.device) -> "EncoderBars":
        return EncoderBars(self.note.to(device), self.bar.to(device), self.instrument.to(device))


@dataclass(frozen=True, eq=False)
class Window:
    """A batch of windows of the token stream. All but `bars` and `is_new` are (windows, tokens)."""

    note: Tensor
    """(windows, tokens, NOTE_COLUMNS)"""

    instrument: Tensor
    kind: Tensor
    time: Tensor
    bar_index: Tensor
    """Index in `bars` of what a heading introduces; -1 for rests and notes."""

    target: Tensor
    """(windows, tokens, NOTE_COLUMNS): the next note of the same cell."""

    is_end: Tensor
    """Whether the cell ends after this token."""

    loss_mask: Tensor
    """Whether a note or an end is predicted from this token."""

    bars: EncoderBars
    is_new: Tensor
    """(bars,): whether the bar's notes are in the window, so that its latent is used."""

    def shard(self, rank: int, size: int) -> "Window":
        """Every size-th window, and all bars."""
        names = (field.name for field in fields(self) if field.name not in ("bars", "is_new"))
        return replace(self, **{name: getattr(self, name)[rank::size] for name in names})

    def to(self, device: torch.device) -> "Window":
        return Window(*(getattr(self, field.name).to(device) for field in fields(self)))


def cut_windows(
    stream: TokenStream,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    tokens: int,
    semitones: NDArray[np.int64],
    drums: NDArray[np.bool_],
) -> Window:
    """Windows of `tokens` tokens.

    starts, stops: (windows,), the first token, and the end of its song, from which on nothing has a loss. semitones:
    (windows,), by which all but `drums` (instruments,) are transposed.
    """
    last = len(stream.kind) - 1
    place = np.minimum(starts[:, None] + np.arange(tokens), last)
    after = np.minimum(place + 1, last)
    instrument, kind, cell = stream.instrument[place], stream.kind[place], stream.cell[place]
    transposition = semitones[:, None] * ~drums[instrument]
    inside = place < stops[:, None]
    note_follows = (stream.kind[after] == NOTE) & (after > place)
    loss_mask = inside & ((kind == NOTE) | (kind == NEW))
    source = np.where((kind != NOTE) & inside, stream.source[cell], SILENT).astype(np.int64)
    cells, window, bar_index = distinct_cells(source, len(stream.source))
    bar_semitones = semitones[window] * ~drums[cells % stream.instruments]

    def integers(array: NDArray[np.integer]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array, np.int64))

    return Window(
        torch.from_numpy(transpose_notes(stream.note[place], transposition)),
        integers(instrument),
        integers(kind),
        integers(stream.time[place]),
        integers(bar_index),
        torch.from_numpy(transpose_notes(stream.note[after], transposition)),
        torch.from_numpy(~note_follows & loss_mask),
        torch.from_numpy(loss_mask),
        encoder_bars(stream, cells, bar_semitones),
        torch.from_numpy(stream.heading[cells] >= starts[window]),
    )


def distinct_cells(
    source: NDArray[np.int64], cells: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The distinct cells in each row of source (windows, …), of so many `cells`: the cells and their windows
    (distinct,) and the index among them (windows, …), -1 where source is SILENT. A cell in two windows is listed
    twice, since the windows may be in two keys."""
    window = np.arange(len(source)).reshape(-1, *[1] * (source.ndim - 1))
    keys, index = np.unique(np.where(source == SILENT, -1, window * cells + source), return_inverse=True)
    silent = int(len(keys) > 0 and keys[0] == -1)
    keys, index = keys[silent:], index.reshape(source.shape) - silent
    return keys % cells, keys // cells, index


def encoder_bars(stream: TokenStream, cells: NDArray[np.int64], semitones: NDArray[np.int64]) -> EncoderBars:
    """The notes of new cells, each transposed by its own semitones (pass 0 for drums)."""
    begin = stream.heading[cells] + 1
    count = _note_counts(stream, cells)
    bar = np.repeat(np.arange(len(cells)), count)
    place = np.arange(len(bar)) - np.repeat(np.cumsum(count) - count, count)
    note = transpose_notes(stream.note[begin[bar] + place], semitones[bar])
    return EncoderBars(torch.from_numpy(note), torch.from_numpy(bar), torch.from_numpy(cells % stream.instruments))


def transpose_notes(note: NDArray[np.integer], semitones: NDArray[np.int64]) -> NDArray[np.int64]:
    """Notes (…, NOTE_COLUMNS) moved by semitones (…); pitches that would leave the range, to an octave inside of it."""
    moved = note.astype(np.int64)
    pitch = moved[..., 1] + semitones
    moved[..., 1] = pitch - 12 * (pitch >= PITCHES) + 12 * (pitch < 0)
    return moved


def corrupt_pitches(batch: Window, ratio: float, rng: np.random.Generator, drums: NDArray[np.bool_]) -> Window:
    """The windows with a share of the decoder's pitched input notes moved; targets and the encoder's notes stay."""
    instrument, kind = batch.instrument.numpy(), batch.kind.numpy()
    corrupted = (rng.random(instrument.shape) < ratio) & (kind == NOTE) & ~drums[instrument]
    error = rng.integers(1, MAX_PITCH_ERROR + 1, instrument.shape) * rng.choice([-1, 1], instrument.shape) * corrupted
    return replace(batch, note=torch.from_numpy(transpose_notes(batch.note.numpy(), error)))


def _note_counts(stream: TokenStream, cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """(cells,): notes of each new cell, which are the tokens until the next heading in the order of writing."""
    turn = np.argsort(stream.order)[cells % stream.instruments]
    bar = cells // stream.instruments
    following = np.array([*stream.order[1:], stream.order[0]])[turn]
    after = following + (bar + (turn == stream.instruments - 1)) * stream.instruments
    end = np.where(after < len(stream.source), stream.heading[np.minimum(after, len(stream.source))], len(stream.kind))
    return np.asarray(end - stream.heading[cells] - 1)
