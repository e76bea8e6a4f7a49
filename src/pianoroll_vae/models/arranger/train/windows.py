"""Training batches of the VAE: windows of the token stream, transposed, as tensors.

In some windows a few instruments are given, as in `accompany`: they come first in every bar, and what they play in the
next bar is an input of the decoder. In some windows, before some bars, the next bar of the whole band is an input, as
before a bar that is kept.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.tokens import NEW, NOTE, TokenStream
from pianoroll_vae.models.arranger.traits import transposed_traits
from pianoroll_vae.music.bars import SILENT, VELOCITIES
from pianoroll_vae.music.chord_labels import CHORDS, NO_CHORD, QUALITIES, Labels
from pianoroll_vae.music.notes import PITCHES

MAX_PITCH_ERROR = 7
"""Semitones by which `corrupt_notes` moves a note, at most."""


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
class WindowSpec:
    """Where windows of a token stream are cut, and what is done to them."""

    starts: NDArray[np.int64]
    """(windows,): the first bar of each."""

    tokens: int
    """In each window."""

    semitones: NDArray[np.int64]
    """(windows,): by which all but the drums are transposed."""

    drums: NDArray[np.bool_]
    """(instruments,)"""

    given: NDArray[np.bool_]
    """(windows, instruments): instruments that are given."""

    next_known: NDArray[np.bool_]
    """(windows, bars): whether the next bar of the whole band is known, from the window's first bar; as many as there
    are tokens."""

    conditions: Conditions
    """Of each window."""

    @staticmethod
    def plain(
        stream: TokenStream,
        starts: NDArray[np.int64],
        tokens: int,
        drums: NDArray[np.bool_],
    ) -> "WindowSpec":
        """Nothing transposed, hidden or given."""
        windows, song = len(starts), np.searchsorted(stream.song_starts, starts, side="right") - 1
        given, next_known = np.zeros((windows, stream.instruments), np.bool_), np.zeros((windows, tokens), np.bool_)
        return WindowSpec(
            starts, tokens, np.zeros(windows, np.int64), drums, given, next_known, stream.conditions[song]
        )


@dataclass(frozen=True, eq=False)
class Window:
    """A batch of windows of the token stream; (windows, tokens) unless a shape is given."""

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

    chord: Tensor
    """Label of the half bar in which the token lies."""

    next_chord: Tensor
    """Label of the half bar after it; of the last half bar of a song, any."""

    target_chord: Tensor
    """Label of the half bar in which the next note of the same cell begins."""

    future: Tensor
    """(windows, tokens, instruments): index in `bars` of what is known of each instrument's next bar; -1: nothing."""

    genres: Tensor
    """(windows, GENRES)"""

    tempo: Tensor
    """(windows,)"""

    traits: Tensor
    """(windows, instruments, traits): classes."""

    bars: EncoderBars
    is_new: Tensor
    """(bars,): whether the bar's notes are in the window, so that its latent is used."""

    def shard(self, rank: int, size: int) -> "Window":
        """Every size-th window, and all bars."""
        names = (field.name for field in fields(self) if field.name not in ("bars", "is_new"))
        return replace(self, **{name: getattr(self, name)[rank::size] for name in names})

    def to(self, device: torch.device) -> "Window":
        return Window(*(getattr(self, field.name).to(device) for field in fields(self)))


def cut_windows(stream: TokenStream, spec: WindowSpec) -> Window:
    """Windows of the stream; from the end of a window's song on nothing has a loss."""
    end = stream.song_starts[np.searchsorted(stream.song_starts, spec.starts, side="right")]
    token = _tokens(stream, spec)
    after = np.minimum(token + 1, len(stream.kind) - 1)
    instrument, kind, cell = stream.instrument[token], stream.kind[token], stream.cell[token]
    inside = token < stream.first_token(end)[:, None]
    is_new = inside & (kind == NEW)
    loss_mask = inside & ((kind == NOTE) | (kind == NEW))
    note_follows = (stream.kind[after] == NOTE) & (after > token)
    played = np.where((kind != NOTE) & inside, stream.source[cell], SILENT).astype(np.int64)
    future = _known_next_bars(stream, spec, cell, is_new, end)
    bars, bar_index, future_index = _bars_of(stream, spec, played, future)
    bar_is_new = np.zeros(len(bars), np.bool_)
    bar_is_new[bar_index[is_new]] = True
    transposition = spec.semitones[:, None] * ~spec.drums[instrument]
    target = transpose_notes(stream.note[after], transposition)
    bar = cell // stream.instruments
    half_bar = 2 * bar + (stream.note[token][..., 0] >= stream.half[bar])
    target_half_bar = 2 * bar + (target[..., 0] >= stream.half[bar])
    return Window(
        torch.from_numpy(transpose_notes(stream.note[token], transposition)),
        _integers(instrument),
        _integers(kind),
        _integers(stream.time[token]),
        _integers(bar_index),
        torch.from_numpy(target),
        torch.from_numpy(~note_follows & loss_mask),
        torch.from_numpy(loss_mask),
        _chords(stream, half_bar, spec.semitones),
        _chords(stream, half_bar + 1, spec.semitones),
        _chords(stream, target_half_bar, spec.semitones),
        _integers(future_index),
        torch.from_numpy(spec.conditions.genres),
        _integers(spec.conditions.tempo),
        _integers(transposed_traits(spec.conditions.traits, spec.semitones, spec.drums)),
        bars,
        torch.from_numpy(bar_is_new),
    )


def _tokens(stream: TokenStream, spec: WindowSpec) -> NDArray[np.int64]:
    """(windows, tokens): the index of each token; behind the end of the stream, of its last one."""
    begin = stream.first_token(spec.starts)
    token: NDArray[np.int64] = np.minimum(begin[:, None] + np.arange(spec.tokens), len(stream.kind) - 1)
    for row in np.flatnonzero(spec.given.any(1)).tolist():
        token[row] = _given_first(stream, token[row], spec.given[row])
    return token


def _bars_of(
    stream: TokenStream, spec: WindowSpec, played: NDArray[np.int64], future: NDArray[np.int64]
) -> tuple[EncoderBars, NDArray[np.int64], NDArray[np.int64]]:
    """The bars of cells that are `played` (windows, tokens) or known of the `future` (windows, tokens, instruments),
    transposed, and the indices among them of both; -1 where they are SILENT."""
    both = np.concatenate([played, future.reshape(len(played), -1)], 1)
    cells, window, index = distinct_cells(both, len(stream.source))
    bars = encoder_bars(stream, cells, spec.semitones[window] * ~spec.drums[cells % stream.instruments])
    return bars, index[:, : spec.tokens], index[:, spec.tokens :].reshape(future.shape)


def _chords(stream: TokenStream, half_bar: NDArray[np.integer], semitones: NDArray[np.int64]) -> Tensor:
    """The transposed labels of half bars (windows, …); the one after the stream's last has no chord."""
    return torch.from_numpy(transposed_labels(np.append(stream.chords.ravel(), NO_CHORD)[half_bar], semitones))


def _integers(array: NDArray[np.integer]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array, np.int64))


def _given_first(stream: TokenStream, token: NDArray[np.int64], given: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The tokens (tokens,) of a window, those of the given instruments (instruments,) first in each bar."""
    bar = stream.cell[token] // stream.instruments
    return np.asarray(token[np.lexsort((token, ~given[stream.instrument[token]], bar))])


def _known_next_bars(
    stream: TokenStream,
    spec: WindowSpec,
    cell: NDArray[np.int32],
    is_new: NDArray[np.bool_],
    end: NDArray[np.int64],
) -> NDArray[np.int64]:
    """(windows, tokens, instruments): the cells whose notes are played in the next bar, where they are an input of the
    tokens `is_new` of `cell` (windows, tokens); SILENT elsewhere. end: (windows,), of each song, in bars."""
    instruments = np.arange(stream.instruments)
    bar = cell // stream.instruments
    next_known = np.take_along_axis(
        spec.next_known, np.clip(bar - spec.starts[:, None], 0, spec.next_known.shape[1] - 1), 1
    )
    known = (spec.given[:, None] | next_known[..., None]) & (is_new & (bar + 1 < end[:, None]))[..., None]
    following = np.minimum((bar[..., None] + 1) * stream.instruments + instruments, len(stream.source) - 1)
    return np.where(known, stream.source[following], SILENT).astype(np.int64)


def transposed_labels(labels: Labels, semitones: NDArray[np.int64]) -> Labels:
    """Chord labels (windows, …) of windows that are transposed by semitones (windows,)."""
    moved = (labels + semitones.reshape(-1, *[1] * (labels.ndim - 1)) * len(QUALITIES)) % CHORDS
    return np.where(labels == NO_CHORD, NO_CHORD, moved)


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


def corrupt_notes(batch: Window, ratio: float, rng: np.random.Generator, drums: NDArray[np.bool_]) -> Window:
    """The windows with a share of the notes that the decoder reads changed: pitched ones are moved, and all have a
    random velocity. Targets and the encoder's notes stay."""
    instrument, kind = batch.instrument.numpy(), batch.kind.numpy()
    corrupted = (rng.random(instrument.shape) < ratio) & (kind == NOTE)
    error = rng.integers(1, MAX_PITCH_ERROR + 1, instrument.shape) * rng.choice([-1, 1], instrument.shape)
    note = transpose_notes(batch.note.numpy(), error * (corrupted & ~drums[instrument]))
    note[..., 3] = np.where(corrupted, rng.integers(0, VELOCITIES, instrument.shape), note[..., 3])
    return replace(batch, note=torch.from_numpy(note))


def _note_counts(stream: TokenStream, cells: NDArray[np.int64]) -> NDArray[np.int64]:
    """(cells,): notes of each new cell, which are the tokens until the next heading in the order of writing."""
    place = np.argsort(stream.order)[cells % stream.instruments]
    bar = cells // stream.instruments
    following = np.array([*stream.order[1:], stream.order[0]])[place]
    after = following + (bar + (place == stream.instruments - 1)) * stream.instruments
    end = np.where(after < len(stream.source), stream.heading[np.minimum(after, len(stream.source))], len(stream.kind))
    return np.asarray(end - stream.heading[cells] - 1)
