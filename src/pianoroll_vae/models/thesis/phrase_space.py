"""The latent space of a band's VAEs: songs are encoded, reconstructed, mixed and changed as phrases of 16 beats."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from pianoroll_vae.models.ensemble import Latents
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.thesis.latent_mixing import interpolate_latents, nearest_of_style
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.device import has_fast_bfloat16
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.notes import MAX_VELOCITY, PITCHES, Notes
from pianoroll_vae.music.phrases import PHRASE_BEATS, Phrases, cut, join
from pianoroll_vae.music.roll_changes import apply_roll_difference
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_changes import apply_roll_change
from pianoroll_vae.music.source_midi import SourceMidi

Cell = TypeVar("Cell", np.uint8, np.float32)

PHRASES_PER_BATCH = 64
"""Phrases that are encoded or decoded at once: enough to keep the cores busy, few enough for any memory."""


@dataclass(frozen=True)
class PhraseSpace:
    """Phrases (phrases, instruments, phrase_steps, 128) and their latents (phrases, instruments, latent_size)."""

    recipe: Recipe
    band: Band
    vae: BandVae

    @property
    def steps_per_beat(self) -> int:
        return self.recipe.grid.steps_per_beat

    @property
    def phrase_steps(self) -> int:
        return PHRASE_BEATS * self.steps_per_beat

    @cached_property
    def drums(self) -> NDArray[np.bool_]:
        """(instruments,)"""
        return self.band.drums

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """(instruments,): decoded cells at or above it sound."""
        return np.full(len(self.band), self.recipe.threshold, np.float32)

    def to_phrases(self, song: Song) -> Phrases:
        """(phrases, instruments, phrase_steps, 128): a song of any grid, as `encode` takes it."""
        phrases = cut(song, self.steps_per_beat, self.recipe.grid.rounding)
        return phrases if self.recipe.grid.velocities else (phrases > 0).astype(np.uint8)

    @torch.inference_mode()
    def encode_phrases(self, phrases: Phrases) -> Latents:
        """(phrases, instruments, phrase_steps, 128) to (phrases, instruments, latent_size)."""
        parts = (torch.from_numpy(part) for part in _batches(phrases))
        return np.concatenate([self.vae.encode_means(part).contiguous().numpy() for part in parts])

    @torch.inference_mode()
    def decode_phrases(self, latents: Latents, threshold: ArrayLike | None = None) -> Phrases:
        """(phrases, instruments, latent_size) to velocities (phrases, instruments, phrase_steps, 128)."""
        thresholds = self.threshold_tensor(threshold)
        parts = (torch.from_numpy(part) for part in _batches(latents))
        return np.concatenate([self.velocities(self.cells(part, thresholds)) for part in parts])

    def on_grid(self, song: Song) -> Song:
        """The song as the VAEs read it."""
        phrases = self.to_phrases(song)
        return Song(self.band, self.notes_of(phrases), len(phrases) * self.phrase_steps, self.steps_per_beat)

    def encode(self, song: Song) -> Latents:
        return self.encode_phrases(self.to_phrases(song))

    def decode(self, latents: Latents, threshold: ArrayLike | None = None) -> Notes:
        return self.notes_of(self.decode_phrases(latents, threshold))

    def notes_of(self, phrases: Phrases) -> Notes:
        """The notes of phrases, one after the other."""
        return Notes.from_performance(join(phrases), self.band.drums)

    def vary(
        self,
        source_midi: SourceMidi,
        noise: NDArray[np.float32],
        threshold: ArrayLike | None = None,
        bars: BarRange | None = None,
        seed: int = 0,
    ) -> Arrangement:
        """The song with `noise` (instruments,) added to its latents."""
        latents = self.encode(source_midi.song)
        moved = latents + noise[:, None] * np.random.default_rng(seed).standard_normal(latents.shape, np.float32)
        return self._move(source_midi, latents, moved, threshold, bars)

    def shift(
        self, source_midi: SourceMidi, step: Latents, threshold: ArrayLike | None = None, bars: BarRange | None = None
    ) -> Arrangement:
        """The song with `step` (instruments, latent_size) added to its latents."""
        latents = self.encode(source_midi.song)
        return self._move(source_midi, latents, latents + step, threshold, bars)

    def mix(
        self,
        songs: Sequence[Song],
        phrases: NDArray[np.int64],
        weights: NDArray[np.float64],
        linear: bool = False,
        threshold: ArrayLike | None = None,
    ) -> Notes:
        """Phrases of weighted latents: the phrases `phrases` (songs, n) of the songs, with `weights` (songs, n)."""
        latents = [self.encode(song)[own] for song, own in zip(songs, phrases, strict=True)]
        if len(songs) == 2:
            mixed = interpolate_latents(latents[0], latents[1], weights[1].astype(np.float32), linear)
        else:
            mixed = np.einsum("sn,snil->nil", weights, np.stack(latents)).astype(np.float32)
        return self.decode(mixed, threshold)

    def blend(
        self,
        source_midi: SourceMidi,
        style: Song,
        amount: float,
        threshold: ArrayLike | None = None,
        bars: BarRange | None = None,
    ) -> Arrangement:
        """The song with its latents moved by `amount` towards the nearest ones of the style."""
        latents, phrases = self.encode(source_midi.song), self.to_phrases(style)
        near = nearest_of_style(latents, self.encode_phrases(phrases), phrases)
        moved = interpolate_latents(latents, near, np.full(len(latents), amount, np.float32))
        return self._move(source_midi, latents, moved, threshold, bars)

    def vary_notes(self, notes: Notes, steps: int, noise: NDArray[np.float32], seed: Sequence[int]) -> Notes:
        """The notes with what changes when noise is added to their latents."""
        rolls = notes.rolls(len(self.band), steps).reshape(len(self.band), -1, self.phrase_steps, PITCHES)
        phrases = np.ascontiguousarray(rolls.swapaxes(0, 1))
        latents = self.encode_phrases(phrases)
        moved = latents + noise[:, None] * np.random.default_rng(seed).standard_normal(latents.shape, np.float32)
        return self.notes_of(apply_roll_difference(phrases, self.decode_phrases(latents), self.decode_phrases(moved)))

    def _move(
        self,
        source_midi: SourceMidi,
        latents: Latents,
        moved: Latents,
        threshold: ArrayLike | None,
        bars: BarRange | None,
    ) -> Arrangement:
        """The source MIDI with what `moved` decodes to differently."""
        before, after = (join(self.decode_phrases(each, threshold)) for each in (latents, moved))
        return apply_roll_change(source_midi, before, after, self.steps_per_beat, bars)

    def threshold_tensor(self, threshold: ArrayLike | None) -> Tensor:
        """(instruments, 1, 1, 1)"""
        values = self.thresholds if threshold is None else np.asarray(threshold, np.float32)
        return torch.from_numpy(np.broadcast_to(values, len(self.band)).copy())[:, None, None, None]

    @cached_property
    def _decoder(self) -> BandVae:
        """The VAEs that decode, in bfloat16 where that is faster: it has more digits than a velocity."""
        weights = self.vae.weights
        precision = torch.bfloat16 if has_fast_bfloat16() else torch.float32
        return BandVae(self.recipe, Weights(weights.instruments, weights.specs, weights.flat.to(precision)))

    def cells(self, latents: Tensor, thresholds: Tensor) -> Tensor:
        """(songs, instruments, latent_size) to cells in patch order (instruments, songs, patches, patch_cells); those
        below the threshold are zero."""
        decoder = self._decoder
        cells = decoder.decode_patches(latents.transpose(0, 1).to(decoder.weights.flat.dtype)).float()
        return cells.where(cells >= thresholds, 0.0)

    def velocities(self, cells: Tensor) -> NDArray[np.uint8]:
        """Cells of 0..1 in patch order to velocities (songs, instruments, phrase_steps, 128): 0 stays 0, the others are
        1..127."""
        sounding = cells > 0
        velocities = torch.zeros_like(cells, dtype=torch.uint8)
        velocities[sounding] = (cells[sounding] * MAX_VELOCITY).round().clamp(1, MAX_VELOCITY).to(torch.uint8)
        rolls: NDArray[np.uint8] = self.vae.order.to_rolls(velocities).transpose(0, 1).numpy()
        return rolls


def _batches(batch: NDArray[Cell]) -> Iterator[NDArray[Cell]]:
    return (batch[start : start + PHRASES_PER_BATCH] for start in range(0, len(batch), PHRASES_PER_BATCH))
