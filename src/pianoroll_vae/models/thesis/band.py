"""The trained band, ready to play: every VAE and latent network of a recipe. Knows nothing of folders.

Whoever makes music with a band speaks to it in phrases of 16 beats and in arrays: `encode`, `decode`, `follow` and
`play`. What a latent holds is the recipe's own matter.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from pianoroll_vae.models.ensemble import Latents, OnPhrases
from pianoroll_vae.models.model import Model
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.thesis.accompaniment import harmony_of, play_along
from pianoroll_vae.models.thesis.latent_networks import ConditionalNN, MelodyNN
from pianoroll_vae.models.thesis.parameters import conditional_specs, melody_specs, vae_specs
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.device import has_fast_bfloat16
from pianoroll_vae.models.training.tensor_threads import run_tensors_in_threads
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.notes import MAX_VELOCITY, PITCHES, Notes
from pianoroll_vae.music.phrases import PHRASE_BEATS, Phrases, cut, join
from pianoroll_vae.music.roll_changes import revised
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_changes import apply_roll_change
from pianoroll_vae.music.source_midi import SourceMidi

Kind = TypeVar("Kind", np.uint8, np.float32)

SONGS_SIDE_BY_SIDE = 32
"""How many songs one core plays in one go."""

PHRASES_AT_ONCE = 64
"""How many phrases are encoded or decoded side by side: enough to keep the cores busy, few enough for any memory."""


@dataclass(frozen=True)
class ThesisBand:
    """Plays in the band's order; the lead's latent network moves first, everyone else follows it."""

    recipe: Recipe
    band: Band
    vae: BandVae
    melody: MelodyNN
    conditional: ConditionalNN

    @staticmethod
    def of(vae: Model, melody: Model, conditional: Model) -> "ThesisBand":
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
        """(instruments,): from which strength a decoded cell sounds, unless asked otherwise."""
        return np.full(len(self.band), self.recipe.threshold, np.float32)

    @property
    def trial_phrases(self) -> int:
        return 300

    @property
    def songs_at_once(self) -> int:
        return 128

    def to_phrases(self, song: Song) -> Phrases:
        """(phrases, instruments, phrase_steps, 128): a song of any grid, as `encode` takes it."""
        phrases = cut(song, self.steps_per_beat, self.recipe.grid.rounding)
        return phrases if self.recipe.grid.velocities else (phrases > 0).astype(np.uint8)

    @torch.inference_mode()
    def encode(self, phrases: Phrases) -> Latents:
        """(phrases, instruments, phrase_steps, 128) to (phrases, instruments, latent_size)."""
        parts = (torch.from_numpy(part) for part in _parts(phrases))
        return np.concatenate([_array(self.vae.encode_means(part)) for part in parts])

    @torch.inference_mode()
    def decode(self, latents: Latents, threshold: ArrayLike | None = None) -> Phrases:
        """(phrases, instruments, latent_size) to velocities (phrases, instruments, phrase_steps, 128)."""
        audible = self._audible(threshold)
        parts = (torch.from_numpy(part) for part in _parts(latents))
        return np.concatenate([self._velocities(self._cells(part, audible)) for part in parts])

    def decode_notes(self, latents: Latents, threshold: ArrayLike | None = None) -> Notes:
        drums = np.array([instrument.is_drum for instrument in self.band])
        return Notes.from_performance(join(self.decode(latents, threshold)), drums)

    @torch.inference_mode()
    def follow(
        self,
        history: Latents,
        noise: NDArray[np.float32],
        rng: Sequence[np.random.Generator],
        given: Latents | None = None,
        known: Sequence[bool] = (),
    ) -> Latents:
        """What the band plays next.

        history: (songs, phrases so far, instruments, latent_size); noise: (instruments,); chance: one a song.
        given: (songs, instruments, latent_size), of which those instruments hold that `known` marks: they are played
        as they are, and the others go along with them. Returns (songs, instruments, latent_size).
        """
        so_far = torch.from_numpy(history[:, -self.recipe.latents.memory :])
        if given is None:
            return _array(self._next(so_far, noise, rng))
        return _array(self._next(so_far, noise, rng, torch.from_numpy(given), known))

    def accompany(
        self,
        song: Song,
        known: Sequence[bool],
        noise: NDArray[np.float32],
        threshold: ArrayLike | None = None,
        temperature: ArrayLike = 1.0,
        seed: int = 0,
    ) -> Notes:
        """What everybody plays where the instruments marked in `known` play what they play in `song`."""
        heard = self.to_phrases(song)
        plan = harmony_of(song, len(heard) * PHRASE_BEATS)
        audible = self.thresholds if threshold is None else np.asarray(threshold, np.float32)
        spread = np.asarray(noise * np.asarray(temperature), np.float32)
        played = play_along(self, heard, known, plan, spread, audible, np.random.default_rng(seed))
        return Notes.from_performance(join(played), np.array([chair.is_drum for chair in self.band]))

    def vary(
        self,
        source_midi: SourceMidi,
        noise: NDArray[np.float32],
        threshold: ArrayLike | None = None,
        bars: BarRange | None = None,
        seed: int = 0,
    ) -> Arrangement:
        latents = self.encode(self.to_phrases(source_midi.song))
        moved = latents + noise[:, None] * np.random.default_rng(seed).standard_normal(latents.shape, np.float32)
        return self.move_latents(source_midi, latents, moved, threshold, bars)

    def move_latents(
        self,
        source_midi: SourceMidi,
        latents: Latents,
        moved: Latents,
        threshold: ArrayLike | None = None,
        bars: BarRange | None = None,
    ) -> Arrangement:
        before, after = (join(self.decode(each, threshold)) for each in (latents, moved))
        return apply_roll_change(source_midi, before, after, self.steps_per_beat, bars)

    def vary_notes(self, notes: Notes, steps: int, noise: NDArray[np.float32], seed: Sequence[int]) -> Notes:
        """The notes with what changes when noise is added to their latents."""
        drums = np.array([instrument.is_drum for instrument in self.band])
        rolls = notes.rolls(len(self.band), steps).reshape(len(self.band), -1, self.phrase_steps, PITCHES)
        phrases = np.ascontiguousarray(rolls.swapaxes(0, 1))
        latents = self.encode(phrases)
        strayed = latents + noise[:, None] * np.random.default_rng(seed).standard_normal(latents.shape, np.float32)
        return Notes.from_performance(join(revised(phrases, self.decode(latents), self.decode(strayed))), drums)

    def continue_(
        self,
        primers: Sequence[Song],
        phrases: int,
        noise: ArrayLike,
        threshold: ArrayLike | None = None,
        temperature: ArrayLike = 1.0,
        seeds: Sequence[int] = (0,),
        on_phrases: OnPhrases = lambda count: None,
    ) -> list[Notes]:
        """What follows the last 16 beats of each primer; temperature multiplies noise, all the chance there is."""
        heard = np.stack([self.to_phrases(primer)[-1] for primer in primers])
        spread = np.asarray(noise, np.float32) * np.asarray(temperature, np.float32)
        drums = np.array([instrument.is_drum for instrument in self.band])
        found: list[list[Notes]] = []

        def performing(group: slice, notes: list[Notes]) -> Iterator[None]:
            rolls = []
            for played in self._playing(heard[group], phrases, spread, threshold, seeds[group]):
                rolls.append(played)
                on_phrases(len(played))
                yield
            notes += (Notes.from_performance(song, drums) for song in np.concatenate(rolls, 2))

        pieces = []
        for begin in range(0, len(primers), SONGS_SIDE_BY_SIDE):
            found.append([])
            pieces.append(performing(slice(begin, begin + SONGS_SIDE_BY_SIDE), found[-1]))
        if len(pieces) > 1:
            run_tensors_in_threads(pieces)
        else:  # a thread of its own costs a single song more than it computes
            with torch.inference_mode():
                for _ in pieces[0]:
                    pass
        return [notes for group in found for notes in group]

    def _playing(
        self, primers: Phrases, phrases: int, noise: ArrayLike, threshold: ArrayLike | None, seeds: Sequence[int]
    ) -> Iterator[Phrases]:
        """The phrases that follow the primers, one after the other, (songs, instruments, phrase_steps, 128) each."""
        audible = self._audible(threshold)
        spread = np.broadcast_to(np.asarray(noise, np.float32), len(self.band))
        rng = [np.random.default_rng(seed) for seed in seeds]
        rolls = torch.from_numpy(primers).transpose(0, 1)
        heard = self.vae.order.from_rolls(rolls).float() * self.recipe.grid.cell_scale
        history = torch.empty(len(primers), 0, len(self.band), self.recipe.latent_size)
        for _ in range(phrases):
            last = self.vae.encode_patches(heard)[..., :-1].transpose(0, 1).unsqueeze(1)
            history = torch.cat([history, last], 1)[:, -self.recipe.latents.memory :]
            heard = self._cells(self._next(history, spread, rng), audible)
            yield self._velocities(heard)

    def _next(
        self,
        history: Tensor,
        noise: NDArray[np.float32],
        rng: Sequence[np.random.Generator],
        given: Tensor | None = None,
        known: Sequence[bool] = (),
    ) -> Tensor:
        """history (songs, phrases, instruments, latent_size) to the next (songs, instruments, latent_size), which stray
        by `noise`: the lead from its own latents, then everyone else from theirs and the latent that the lead has
        really moved to. Networks that say a mixture take the noise as their temperature."""
        lead = self.band.lead_index
        followers = [i for i in range(len(self.band)) if i != lead]
        strayed, temperature = self._strayed(noise, rng), torch.tensor(noise, dtype=torch.float32)
        drawn = torch.zeros(strayed.shape[:2])
        if self.recipe.latents.components:
            drawn = torch.from_numpy(np.stack([rng.random(len(self.band), np.float32) for rng in rng]))
        moved = torch.empty_like(strayed)
        centre, width = self.melody.after(history[:, :, lead], drawn[:, lead], temperature[lead])
        moved[:, lead] = centre + width * strayed[:, lead]
        if given is not None and known[lead]:
            moved[:, lead] = given[:, lead]
        leading = torch.cat([history[:, 1:, lead], moved[:, lead].unsqueeze(1)], 1)
        centre, width = self.conditional.after(
            history[:, :, followers], leading, drawn[:, followers], temperature[followers]
        )
        moved[:, followers] = centre + width * strayed[:, followers]
        return moved if given is None else given.where(torch.tensor(known)[None, :, None], moved)

    def _strayed(self, noise: NDArray[np.float32], rng: Sequence[np.random.Generator]) -> Tensor:
        """(songs, instruments, latent_size): what is added to each latent, drawn song by song."""
        shape = len(self.band), self.recipe.latent_size
        drawn = np.stack([rng.standard_normal(shape, np.float32) for rng in rng])
        return torch.from_numpy(drawn * np.asarray(noise, np.float32)[:, None])

    def _audible(self, threshold: ArrayLike | None) -> Tensor:
        """(instruments, 1, 1, 1)"""
        asked = self.thresholds if threshold is None else np.asarray(threshold, np.float32)
        return torch.from_numpy(np.broadcast_to(asked, len(self.band)).copy())[:, None, None, None]

    @cached_property
    def _speaker(self) -> BandVae:
        """The VAEs that decode, in bfloat16 where that is quicker: it has more digits than a velocity."""
        weights = self.vae.weights
        precision = torch.bfloat16 if has_fast_bfloat16() else torch.float32
        return BandVae(self.recipe, Weights(weights.instruments, weights.specs, weights.flat.to(precision)))

    def _cells(self, latents: Tensor, audible: Tensor) -> Tensor:
        """(songs, instruments, latent_size) to cells in patch order (instruments, songs, patches, patch_cells), soft
        ones silent."""
        speaker = self._speaker
        cells = speaker.decode_patches(latents.transpose(0, 1).to(speaker.weights.flat.dtype)).float()
        return cells.where(cells >= audible, 0.0)

    def _velocities(self, cells: Tensor) -> NDArray[np.uint8]:
        """Cells of 0..1 in patch order to velocities (songs, instruments, phrase_steps, 128): silent cells stay 0, the
        others come to lie in 1..127."""
        sounding = cells > 0
        velocities = torch.zeros_like(cells, dtype=torch.uint8)
        velocities[sounding] = (cells[sounding] * MAX_VELOCITY).round().clamp(1, MAX_VELOCITY).to(torch.uint8)
        rolls: NDArray[np.uint8] = self.vae.order.to_rolls(velocities).transpose(0, 1).numpy()
        return rolls


def _parts(batch: NDArray[Kind]) -> Iterator[NDArray[Kind]]:
    return (batch[start : start + PHRASES_AT_ONCE] for start in range(0, len(batch), PHRASES_AT_ONCE))


def _array(latents: Tensor) -> Latents:
    array: Latents = latents.contiguous().numpy()
    return array
