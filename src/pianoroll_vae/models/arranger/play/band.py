"""The trained band of the recipe arranger: the `Ensemble` that plays without PyTorch."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.models.arranger.play.bar_latents import by_bars, by_phrase, same_before
from pianoroll_vae.models.arranger.play.batch_decoder import BatchDecoder
from pianoroll_vae.models.arranger.play.given import Given, given_instruments, given_latents, given_primer
from pianoroll_vae.models.arranger.play.song_sampler import SongSampler
from pianoroll_vae.models.arranger.play.song_state import SongState
from pianoroll_vae.models.arranger.play.weights import PlayWeights, Tensors
from pianoroll_vae.models.arranger.sampling import Temperatures
from pianoroll_vae.models.arranger.tokens import writing_order
from pianoroll_vae.models.ensemble import Latents, OnPhrases
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.threads import run_in_threads
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import PHRASE_BARS, Phrases, cut, join
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BAR, SIXTEENTHS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_changes import apply_bar_change, outside_of
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.sources.worker_pool import cores

SONGS_AT_ONCE = 32

SONGS_PER_BATCH = 2
"""Songs that one core decodes side by side: they share the reading of the weights, and each takes 2 MB of cache."""

PHRASES_AT_ONCE = 16
"""Phrases that `decode` decodes side by side."""

TRIAL_PHRASES = 32

MOVED_GUIDE_PROBABILITY = 0.5
"""In a bar whose latent moves: how likely each note is taken from what the bar was before."""


@dataclass(frozen=True)
class ArrangerBand:
    """In every bar the band's lead is sampled first; the other instruments are sampled to it, one after the other."""

    recipe: Recipe
    band: Band
    vae: Tensors
    melody: Tensors
    conditional: Tensors

    @cached_property
    def play_weights(self) -> PlayWeights:
        return PlayWeights(self.recipe, self.vae, self.melody, self.conditional, writing_order(self.band))

    @property
    def steps_per_beat(self) -> int:
        return SIXTEENTHS_PER_BEAT

    @property
    def drums(self) -> NDArray[np.bool_]:
        """(instruments,)"""
        return np.array([instrument.is_drum for instrument in self.band])

    @property
    def phrase_steps(self) -> int:
        return PHRASE_BARS * SIXTEENTHS_PER_BAR

    @property
    def memory_phrases(self) -> int:
        return self.recipe.arranger.context_bars // PHRASE_BARS

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """(instruments,): without effect, as notes are decoded and not cells."""
        return np.full(len(self.band), self.recipe.threshold, np.float32)

    @property
    def trial_phrases(self) -> int:
        return TRIAL_PHRASES

    @property
    def songs_at_once(self) -> int:
        return SONGS_AT_ONCE

    def to_bars(self, song: Song) -> Bars:
        """A song on any grid as bars of sixteenths. Notes that round to the bar line at its end are left out."""
        notes = song.notes.regrid(song.steps_per_beat, SIXTEENTHS_PER_BEAT, "nearest")
        return Bars.of(notes, math.ceil(song.beats * SIXTEENTHS_PER_BEAT), self.drums)

    def to_phrases(self, song: Song) -> Phrases:
        return cut(song, SIXTEENTHS_PER_BEAT, "nearest")

    def encode(self, phrases: Phrases) -> Latents:
        """(phrases, instruments, phrase_steps, 128) to (phrases, instruments, 4 · (1 + latent_size)): of each bar
        whether the instrument plays (1 or -1), and its posterior mean."""
        notes = Notes.from_rolls(join(phrases))
        return by_phrase(self.encode_bars(Bars.of(notes, len(phrases) * self.phrase_steps, self.drums)))

    def encode_bars(self, bars: Bars) -> Latents:
        """(bars, instruments, 1 + latent_size): 1 or -1, whether the instrument plays, and its posterior mean."""
        size, playing = self.recipe.latent_size, np.flatnonzero(np.diff(bars.first))
        latents = np.zeros((len(bars.source), 1 + size), np.float32)
        latents[:, 0] = -1
        if len(playing):
            _, mean = self.play_weights.encode(bars.notes, np.diff(bars.first)[playing], playing % bars.instruments)
            latents[playing, 0], latents[playing, 1:] = 1, mean
        return latents.reshape(len(bars), bars.instruments, 1 + size)

    def decode(self, latents: Latents, threshold: ArrayLike | None = None) -> Phrases:
        """The likeliest notes, each phrase as if it were the first of a song."""
        alone = by_bars(latents).reshape(len(latents), PHRASE_BARS, len(self.band), -1)
        groups = (alone[begin : begin + PHRASES_AT_ONCE] for begin in range(0, len(alone), PHRASES_AT_ONCE))
        songs = [_notes(song) for group in groups for song in self._decode_songs(list(group))]
        return np.stack([song.rolls(len(self.band), self.phrase_steps) for song in songs])

    def decode_notes(self, latents: Latents, threshold: ArrayLike | None = None) -> Notes:
        return _notes(self._decode_songs([by_bars(latents)])[0])

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
        """The decoder reads the whole primer; the networks look back as far as their KV caches reach."""
        primer_bars = [self.to_bars(primer) for primer in primers]
        bars = -sum(len(primer) for primer in primer_bars)

        def bar_done() -> None:
            nonlocal bars
            bars += 1
            if bars > 0 and bars % PHRASE_BARS == 0:
                on_phrases(1)

        songs = self.continue_bars(primer_bars, phrases * PHRASE_BARS, noise, temperature, seeds, bar_done)
        return [_notes(song) for song in songs]

    def continue_bars(
        self,
        primers: Sequence[Bars],
        bars: int,
        noise: ArrayLike = 1.0,
        temperature: ArrayLike = 1.0,
        seeds: Sequence[int] = (0,),
        bar_done: Callable[[], None] = lambda: None,
    ) -> list[Bars]:
        """`bars` new bars for each primer, without the primer; `bar_done` is called for its bars too."""
        given = [given_primer(primer) for primer in primers]
        total = [len(primer) + bars for primer in primers]
        songs = self._sample_songs(given, total, noise, temperature, seeds, bar_done)
        return [song.between(len(primer), len(song)) for song, primer in zip(songs, primers, strict=True)]

    def accompany(
        self,
        song: Song,
        known: Sequence[bool],
        noise: NDArray[np.float32],
        threshold: ArrayLike | None = None,
        temperature: ArrayLike = 1.0,
        seed: int = 0,
    ) -> Notes:
        return _notes(self.accompany_bars(self.to_bars(song), known, noise, temperature, seed))

    def accompany_bars(
        self,
        song: Bars,
        known: Sequence[bool],
        noise: ArrayLike = 1.0,
        temperature: ArrayLike = 1.0,
        seed: int = 0,
    ) -> Bars:
        return self._sample_songs([given_instruments(song, known)], [len(song)], noise, temperature, [seed])[0]

    def vary(
        self,
        source_midi: SourceMidi,
        noise: NDArray[np.float32],
        threshold: ArrayLike | None = None,
        bars: BarRange | None = None,
        seed: int = 0,
    ) -> Arrangement:
        song = self.to_bars(source_midi.song)
        fixed = outside_of(bars, source_midi.song, len(song))
        return apply_bar_change(source_midi, song, self.vary_bars(song, noise, [seed], fixed), bars)

    def move_latents(
        self,
        source_midi: SourceMidi,
        latents: Latents,
        moved: Latents,
        threshold: ArrayLike | None = None,
        bars: BarRange | None = None,
    ) -> Arrangement:
        """Bars whose latents do not move are kept; the others are decoded anew, each note with probability
        `MOVED_GUIDE_PROBABILITY` from what the bar was."""
        song, by_bar = self.to_bars(source_midi.song), by_bars(moved)
        same = (by_bar == by_bars(latents)).all(2)[: len(song)]
        fixed = outside_of(bars, source_midi.song, len(song)) | same
        decoded = self.decode_bars(by_bar[: len(song)], song, MOVED_GUIDE_PROBABILITY, fixed)
        return apply_bar_change(source_midi, song, decoded, bars)

    def vary_notes(self, notes: Notes, steps: int, noise: NDArray[np.float32], seed: Sequence[int]) -> Notes:
        new, same = self.vary_bars(Bars.of(notes, steps, self.drums), noise, seed).to_notes(), noise == 0
        return Notes.concatenate([notes[same[notes.instrument]], new[~same[new.instrument]].between(0, steps)])

    def vary_bars(
        self, bars: Bars, noise: NDArray[np.float32], seed: Sequence[int], fixed: NDArray[np.bool_] | None = None
    ) -> Bars:
        """Bars decoded with `noise` (instruments,) added to their latents; each note is the old one with probability
        1 - noise. Equal bars stay equal; bars marked in `fixed` (bars, instruments) do not change."""
        latents, rng = self.encode_bars(bars), np.random.default_rng(seed)
        latents[..., 1:] += noise[:, None] * rng.standard_normal(latents[..., 1:].shape, np.float32)
        source = bars.source.reshape(latents.shape[:2])
        latents = latents[np.maximum(source, 0), np.arange(len(self.band))]
        latents[..., 0] = np.where(source < 0, -1, 1)
        without_noise = np.broadcast_to(noise == 0, source.shape)
        fixed = without_noise if fixed is None else fixed | without_noise
        return self.decode_bars(latents, bars, np.maximum(1 - noise, 0), fixed, int(rng.integers(2**31)))

    def decode_bars(
        self,
        latents: Latents,
        guide: Bars,
        guide_probability: ArrayLike = 0.0,
        fixed: NDArray[np.bool_] | None = None,
        seed: int = 0,
    ) -> Bars:
        """A song of latents (bars, instruments, 1 + latent_size), as of `encode_bars`; equal latents become equal bars.

        guide: a song as long, from which each note is taken with `guide_probability`, one or (instruments,), and which
        is kept where `fixed` (bars, instruments) is True, whatever other bars with the same latent become.
        """
        probability = np.broadcast_to(np.asarray(guide_probability, float), len(self.band))
        given = given_latents(latents, same_before(latents, fixed), guide, probability, fixed)
        return self._sample_songs([given], [len(latents)], 1.0, 1.0, [seed])[0]

    def _decode_songs(self, latents: Sequence[Latents]) -> list[Bars]:
        """A song for each latents (bars, instruments, 1 + latent_size), of the likeliest notes."""
        given = [given_latents(song, same_before(song)) for song in latents]
        return self._sample_songs(given, list(map(len, latents)), 1.0, 0.0, [0] * len(latents))

    def _sample_songs(
        self,
        given: Sequence[Given],
        bars: Sequence[int],
        noise: ArrayLike,
        temperature: ArrayLike,
        seeds: Sequence[int],
        bar_done: Callable[[], None] = lambda: None,
    ) -> list[Bars]:
        """A song for each of `given`, `bars` and `seeds`, a batch on each core."""
        per_instrument = (np.broadcast_to(np.asarray(value, float), len(self.band)) for value in (noise, temperature))
        temperatures = [Temperatures.from_noise(float(n), float(t)) for n, t in zip(*per_instrument, strict=True)]
        order, drums, size = writing_order(self.band), self.drums.tolist(), self.recipe.arranger.bar_width
        samplers = [
            SongSampler(SongState(self.play_weights), order, drums, temperatures, np.random.default_rng(seed), size)
            for seed in seeds
        ]
        parts = zip(samplers, bars, given, strict=True)
        songs = iter([sampler.sample(count, target, bar_done) for sampler, count, target in parts])
        threads = min(cores(), len(samplers))
        batch_size = min(SONGS_PER_BATCH, -(-len(samplers) // threads))
        decoders = [BatchDecoder(self.play_weights, batch_size) for _ in range(threads)]
        run_in_threads([decoder.decode(songs) for decoder in decoders], threads)
        cells = ([notes for row in sampler.cells for notes in row] for sampler in samplers)
        return [Bars.from_cells(song, len(self.band)) for song in cells]


def _notes(song: Bars) -> Notes:
    """Notes that sound beyond the last bar are cut."""
    return song.to_notes().between(0, len(song) * SIXTEENTHS_PER_BAR)
