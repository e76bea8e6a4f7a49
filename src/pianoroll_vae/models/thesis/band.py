"""A trained band of the thesis: VAEs and latent networks as an `Ensemble`.

Songs are phrases of 16 beats: `encode` and `decode` map phrases to latents and back, `predict_next` predicts the
latents of the next phrase.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import NO_REQUEST, Latents, OnPhrases, SongRequest
from pianoroll_vae.models.model import Model
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.thesis.accompaniment import accompany_phrases, harmony_of
from pianoroll_vae.models.thesis.latent_mixing import interpolate_latents, nearest_of_style
from pianoroll_vae.models.thesis.latent_networks import ConditionalNN, MelodyNN
from pianoroll_vae.models.thesis.parameters import conditional_specs, melody_specs, vae_specs
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.device import has_fast_bfloat16
from pianoroll_vae.models.training.tensor_threads import run_tensors_in_threads
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.notes import MAX_VELOCITY, PITCHES, Notes
from pianoroll_vae.music.phrases import PHRASE_BEATS, Phrases, cut, join
from pianoroll_vae.music.roll_changes import apply_roll_difference
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_changes import apply_roll_change
from pianoroll_vae.music.source_midi import SourceMidi

Cell = TypeVar("Cell", np.uint8, np.float32)

SONGS_PER_BATCH = 32
"""Songs that one core generates at once."""

PHRASES_PER_BATCH = 64
"""Phrases that are encoded or decoded at once: enough to keep the cores busy, few enough for any memory."""


@dataclass(frozen=True)
class ThesisBand:
    """Instruments in the band's order. The lead's next latent is predicted first, then those of its followers."""

    recipe: Recipe
    band: Band
    vae: BandVae
    melody: MelodyNN
    conditional: ConditionalNN

    @staticmethod
    def from_models(vae: Model, melody: Model, conditional: Model) -> "ThesisBand":
        """The band of the networks in three model files."""
        return ThesisBand(
            vae.recipe,
            vae.band,
            BandVae(vae.recipe, Weights.from_arrays(vae.networks, vae_specs(vae.recipe))),
            MelodyNN(melody.recipe, Weights.from_arrays(melody.networks, melody_specs(melody.recipe))),
            ConditionalNN(
                conditional.recipe, Weights.from_arrays(conditional.networks, conditional_specs(conditional.recipe))
            ),
        )

    @property
    def steps_per_beat(self) -> int:
        return self.recipe.grid.steps_per_beat

    @property
    def phrase_steps(self) -> int:
        return PHRASE_BEATS * self.steps_per_beat

    @property
    def memory_phrases(self) -> int:
        return 1

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """(instruments,): decoded cells at or above it sound."""
        return np.full(len(self.band), self.recipe.threshold, np.float32)

    @property
    def segment_beats(self) -> int:
        return PHRASE_BEATS

    @property
    def trial_segments(self) -> int:
        return 300

    @property
    def songs_at_once(self) -> int:
        return 128

    def prepare(self, on_compilation: Callable[[], object]) -> None:
        """Nothing is compiled."""

    def to_phrases(self, song: Song) -> Phrases:
        """(phrases, instruments, phrase_steps, 128): a song of any grid, as `encode` takes it."""
        phrases = cut(song, self.steps_per_beat, self.recipe.grid.rounding)
        return phrases if self.recipe.grid.velocities else (phrases > 0).astype(np.uint8)

    @torch.inference_mode()
    def encode_phrases(self, phrases: Phrases) -> Latents:
        """(phrases, instruments, phrase_steps, 128) to (phrases, instruments, latent_size)."""
        parts = (torch.from_numpy(part) for part in _batches(phrases))
        return np.concatenate([_to_numpy(self.vae.encode_means(part)) for part in parts])

    @torch.inference_mode()
    def decode_phrases(self, latents: Latents, threshold: ArrayLike | None = None) -> Phrases:
        """(phrases, instruments, latent_size) to velocities (phrases, instruments, phrase_steps, 128)."""
        thresholds = self._thresholds(threshold)
        parts = (torch.from_numpy(part) for part in _batches(latents))
        return np.concatenate([self._velocities(self._cells(part, thresholds)) for part in parts])

    def on_grid(self, song: Song) -> Song:
        phrases = self.to_phrases(song)
        drums = np.array([instrument.is_drum for instrument in self.band])
        notes = Notes.from_performance(join(phrases), drums)
        return Song(self.band, notes, len(phrases) * self.phrase_steps, self.steps_per_beat)

    def encode(self, song: Song) -> Latents:
        return self.encode_phrases(self.to_phrases(song))

    def reconstruct(self, song: Song, threshold: ArrayLike | None = None) -> Notes:
        return self.decode(self.encode(song), threshold)

    def decode(self, latents: Latents, threshold: ArrayLike | None = None) -> Notes:
        drums = np.array([instrument.is_drum for instrument in self.band])
        return Notes.from_performance(join(self.decode_phrases(latents, threshold)), drums)

    @torch.inference_mode()
    def predict_next(
        self,
        history: Latents,
        noise: NDArray[np.float32],
        rng: Sequence[np.random.Generator],
        given: Latents | None = None,
        known: Sequence[bool] = (),
    ) -> Latents:
        """The next latents.

        history: (songs, phrases so far, instruments, latent_size); noise: (instruments,); rng: one a song.
        given: (songs, instruments, latent_size), used for the instruments that `known` marks; the others are predicted
        from them. Returns (songs, instruments, latent_size).
        """
        so_far = torch.from_numpy(history[:, -self.recipe.latents.memory :])
        if given is None:
            return _to_numpy(self._next(so_far, noise, rng))
        return _to_numpy(self._next(so_far, noise, rng, torch.from_numpy(given), known))

    def accompany(
        self,
        song: Song,
        known: Sequence[bool],
        noise: NDArray[np.float32],
        threshold: ArrayLike | None = None,
        temperature: ArrayLike = 1.0,
        seed: int = 0,
        on_phrases: OnPhrases = lambda count: None,
    ) -> Notes:
        """Notes of all instruments: those marked in `known` as in `song`, the others new."""
        phrases = self.to_phrases(song)
        harmony = harmony_of(song, len(phrases) * PHRASE_BEATS)
        thresholds = self.thresholds if threshold is None else np.asarray(threshold, np.float32)
        scaled_noise = np.asarray(noise * np.asarray(temperature), np.float32)
        rng = np.random.default_rng(seed)
        played = accompany_phrases(self, phrases, known, harmony, scaled_noise, thresholds, rng, on_phrases=on_phrases)
        return Notes.from_performance(join(played), np.array([instrument.is_drum for instrument in self.band]))

    def vary(
        self,
        source_midi: SourceMidi,
        noise: NDArray[np.float32],
        threshold: ArrayLike | None = None,
        bars: BarRange | None = None,
        seed: int = 0,
    ) -> Arrangement:
        latents = self.encode(source_midi.song)
        moved = latents + noise[:, None] * np.random.default_rng(seed).standard_normal(latents.shape, np.float32)
        return self._move_latents(source_midi, latents, moved, threshold, bars)

    def shift_latents(
        self, source_midi: SourceMidi, step: Latents, threshold: ArrayLike | None = None, bars: BarRange | None = None
    ) -> Arrangement:
        latents = self.encode(source_midi.song)
        return self._move_latents(source_midi, latents, latents + step, threshold, bars)

    def mix(
        self,
        songs: Sequence[Song],
        phrases: NDArray[np.int64],
        weights: NDArray[np.float64],
        linear: bool = False,
        keep_keys: bool = False,
        threshold: ArrayLike | None = None,
    ) -> Notes:
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
        latents, phrases = self.encode(source_midi.song), self.to_phrases(style)
        near = nearest_of_style(latents, self.encode_phrases(phrases), phrases)
        moved = interpolate_latents(latents, near, np.full(len(latents), amount, np.float32))
        return self._move_latents(source_midi, latents, moved, threshold, bars)

    def _move_latents(
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

    def vary_notes(self, notes: Notes, steps: int, noise: NDArray[np.float32], seed: Sequence[int]) -> Notes:
        """The notes with what changes when noise is added to their latents."""
        drums = np.array([instrument.is_drum for instrument in self.band])
        rolls = notes.rolls(len(self.band), steps).reshape(len(self.band), -1, self.phrase_steps, PITCHES)
        phrases = np.ascontiguousarray(rolls.swapaxes(0, 1))
        latents = self.encode_phrases(phrases)
        moved = latents + noise[:, None] * np.random.default_rng(seed).standard_normal(latents.shape, np.float32)
        return Notes.from_performance(
            join(apply_roll_difference(phrases, self.decode_phrases(latents), self.decode_phrases(moved))), drums
        )

    @property
    def plays_charts(self) -> bool:
        return False

    def check(self, request: SongRequest) -> None:
        if request.chart is not None or request.genres or request.density:
            raise SettingInvalid(
                f"The recipe '{self.recipe.name}' plays no charts, genres or densities.",
                "Leave --chart, --genre and --density out, or play with the bundled band, outside of the workspace.",
            )

    def write_charts(
        self,
        primers: Sequence[Song],
        bars: int,
        noise: ArrayLike,
        request: SongRequest,
        seeds: Sequence[int] = (0,),
    ) -> list[Chart | None]:
        return [None] * len(primers)

    def continue_(
        self,
        primers: Sequence[Song],
        phrases: int,
        noise: ArrayLike,
        threshold: ArrayLike | None = None,
        temperature: ArrayLike = 1.0,
        seeds: Sequence[int] = (0,),
        on_phrases: OnPhrases = lambda count: None,
        request: SongRequest = NO_REQUEST,
        charts: Sequence[Chart | None] | None = None,
    ) -> list[Notes]:
        """What follows the last 16 beats of each primer. Temperature multiplies the noise, the only randomness."""
        last_phrases = np.stack([self.to_phrases(primer)[-1] for primer in primers])
        scaled_noise = np.asarray(noise, np.float32) * np.asarray(temperature, np.float32)
        drums = np.array([instrument.is_drum for instrument in self.band])
        found: list[list[Notes]] = []

        def generate(group: slice, notes: list[Notes]) -> Iterator[None]:
            rolls = []
            for played in self._generate(last_phrases[group], phrases, scaled_noise, threshold, seeds[group]):
                rolls.append(played)
                on_phrases(len(played))
                yield
            notes += (Notes.from_performance(song, drums) for song in np.concatenate(rolls, 2))

        batches = []
        for begin in range(0, len(primers), SONGS_PER_BATCH):
            found.append([])
            batches.append(generate(slice(begin, begin + SONGS_PER_BATCH), found[-1]))
        if len(batches) > 1:
            run_tensors_in_threads(batches)
        else:  # for a single song starting a thread takes longer than the song
            with torch.inference_mode():
                for _ in batches[0]:
                    pass
        return [notes for group in found for notes in group]

    def _generate(
        self, primers: Phrases, phrases: int, noise: ArrayLike, threshold: ArrayLike | None, seeds: Sequence[int]
    ) -> Iterator[Phrases]:
        """The phrases that follow the primers, one after the other, (songs, instruments, phrase_steps, 128) each."""
        thresholds = self._thresholds(threshold)
        scaled_noise = np.broadcast_to(np.asarray(noise, np.float32), len(self.band))
        rng = [np.random.default_rng(seed) for seed in seeds]
        rolls = torch.from_numpy(primers).transpose(0, 1)
        cells = self.vae.order.from_rolls(rolls).float() * self.recipe.grid.cell_scale
        history = torch.empty(len(primers), 0, len(self.band), self.recipe.latent_size)
        for _ in range(phrases):
            last = self.vae.encode_patches(cells)[..., :-1].transpose(0, 1).unsqueeze(1)
            history = torch.cat([history, last], 1)[:, -self.recipe.latents.memory :]
            cells = self._cells(self._next(history, scaled_noise, rng), thresholds)
            yield self._velocities(cells)

    def _next(
        self,
        history: Tensor,
        noise: NDArray[np.float32],
        rng: Sequence[np.random.Generator],
        given: Tensor | None = None,
        known: Sequence[bool] = (),
    ) -> Tensor:
        """history (songs, phrases, instruments, latent_size) to the next latents (songs, instruments, latent_size).

        The lead's from its own latents, then the others' from theirs and the lead's next one, noise included. For
        networks that predict a mixture, the noise is the temperature too.
        """
        lead = self.band.lead_index
        followers = [i for i in range(len(self.band)) if i != lead]
        added, temperature = self._noise(noise, rng), torch.tensor(noise, dtype=torch.float32)
        uniform = torch.zeros(added.shape[:2])
        if self.recipe.latents.components:
            uniform = torch.from_numpy(np.stack([one.random(len(self.band), np.float32) for one in rng]))
        moved = torch.empty_like(added)
        mean, deviation = self.melody.predict(history[:, :, lead], uniform[:, lead], temperature[lead])
        moved[:, lead] = mean + deviation * added[:, lead]
        if given is not None and known[lead]:
            moved[:, lead] = given[:, lead]
        leading = torch.cat([history[:, 1:, lead], moved[:, lead].unsqueeze(1)], 1)
        mean, deviation = self.conditional.predict(
            history[:, :, followers], leading, uniform[:, followers], temperature[followers]
        )
        moved[:, followers] = mean + deviation * added[:, followers]
        return moved if given is None else given.where(torch.tensor(known)[None, :, None], moved)

    def _noise(self, noise: NDArray[np.float32], rng: Sequence[np.random.Generator]) -> Tensor:
        """(songs, instruments, latent_size): what is added to the latents, drawn song by song."""
        shape = len(self.band), self.recipe.latent_size
        drawn = np.stack([one.standard_normal(shape, np.float32) for one in rng])
        return torch.from_numpy(drawn * np.asarray(noise, np.float32)[:, None])

    def _thresholds(self, threshold: ArrayLike | None) -> Tensor:
        """(instruments, 1, 1, 1)"""
        values = self.thresholds if threshold is None else np.asarray(threshold, np.float32)
        return torch.from_numpy(np.broadcast_to(values, len(self.band)).copy())[:, None, None, None]

    @cached_property
    def _decoder(self) -> BandVae:
        """The VAEs that decode, in bfloat16 where that is faster: it has more digits than a velocity."""
        weights = self.vae.weights
        precision = torch.bfloat16 if has_fast_bfloat16() else torch.float32
        return BandVae(self.recipe, Weights(weights.instruments, weights.specs, weights.flat.to(precision)))

    def _cells(self, latents: Tensor, thresholds: Tensor) -> Tensor:
        """(songs, instruments, latent_size) to cells in patch order (instruments, songs, patches, patch_cells); those
        below the threshold are zero."""
        decoder = self._decoder
        cells = decoder.decode_patches(latents.transpose(0, 1).to(decoder.weights.flat.dtype)).float()
        return cells.where(cells >= thresholds, 0.0)

    def _velocities(self, cells: Tensor) -> NDArray[np.uint8]:
        """Cells of 0..1 in patch order to velocities (songs, instruments, phrase_steps, 128): 0 stays 0, the others are
        1..127."""
        sounding = cells > 0
        velocities = torch.zeros_like(cells, dtype=torch.uint8)
        velocities[sounding] = (cells[sounding] * MAX_VELOCITY).round().clamp(1, MAX_VELOCITY).to(torch.uint8)
        rolls: NDArray[np.uint8] = self.vae.order.to_rolls(velocities).transpose(0, 1).numpy()
        return rolls


def _batches(batch: NDArray[Cell]) -> Iterator[NDArray[Cell]]:
    return (batch[start : start + PHRASES_PER_BATCH] for start in range(0, len(batch), PHRASES_PER_BATCH))


def _to_numpy(latents: Tensor) -> Latents:
    array: Latents = latents.contiguous().numpy()
    return array
