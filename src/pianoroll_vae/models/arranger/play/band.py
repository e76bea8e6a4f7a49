"""The recipe arranger, trained and ready to play: songs in, songs out. Knows nothing of folders."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.models.arranger.play.bar_latents import PHRASE_BARS, by_bars, by_phrase, same_before
from pianoroll_vae.models.arranger.play.batch_decoder import NO_NOTES, BatchDecoder
from pianoroll_vae.models.arranger.play.song_sampler import BarLatent, Given, SongSampler
from pianoroll_vae.models.arranger.play.song_state import SongState
from pianoroll_vae.models.arranger.play.weights import PlayWeights, Tensors
from pianoroll_vae.models.arranger.sampling import Temperatures
from pianoroll_vae.models.arranger.tokens import writing_order
from pianoroll_vae.models.ensemble import Latents, OnPhrases
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.threads import run_in_threads
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bars import BAR_STEPS, STEPS_PER_BEAT, BarNotes, Bars
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import Phrases, cut, join
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_changes import apply_bar_change, outside_of
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.sources.worker_pool import cores

SONGS_AT_ONCE = 32
"""Songs that are asked for in one go."""

BATCH_SIZE = 2
"""Songs that one core decodes side by side: they share the reading of the weights, and each takes 2 MB of cache."""

PHRASES_AT_ONCE = 16
"""How many phrases are decoded side by side."""

MOVED_FOLLOWS = 0.5
"""How likely each choice in a bar whose latent moves is what it was before."""


@dataclass(frozen=True)
class ArrangerBand:
    """The lead decides and writes first in every bar; everyone else follows."""

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
        return STEPS_PER_BEAT

    @property
    def drums(self) -> NDArray[np.bool_]:
        """(instruments,)"""
        return np.array([instrument.is_drum for instrument in self.band])

    @property
    def phrase_steps(self) -> int:
        return PHRASE_BARS * BAR_STEPS

    @property
    def memory_phrases(self) -> int:
        return self.recipe.arranger.context_bars // PHRASE_BARS

    @property
    def thresholds(self) -> NDArray[np.float32]:
        """(instruments,): of no consequence, since notes are written and not cells."""
        return np.full(len(self.band), self.recipe.threshold, np.float32)

    @property
    def trial_phrases(self) -> int:
        return 32

    @property
    def songs_at_once(self) -> int:
        return SONGS_AT_ONCE

    def bars_of(self, song: Song) -> Bars:
        """A song of any grid as bars of sixteenths, as many as it has: what is nearest to the bar line at its end, or
        sounds on beyond it, adds none."""
        notes = song.notes.regrid(song.steps_per_beat, STEPS_PER_BEAT, "nearest")
        return Bars.of(notes, math.ceil(song.beats * STEPS_PER_BEAT), self.drums)

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
        """What follows each primer; all of it is heard, as far as the networks look back."""
        heard = [self.bars_of(primer) for primer in primers]
        bars = -sum(len(primer) for primer in heard)

        def bar_done() -> None:
            nonlocal bars
            bars += 1
            if bars > 0 and bars % PHRASE_BARS == 0:
                on_phrases(1)

        played = self.play(heard, phrases * PHRASE_BARS, noise, temperature, seeds, bar_done)
        return [_notes(song) for song in played]

    def accompany(
        self,
        song: Song,
        known: Sequence[bool],
        noise: NDArray[np.float32],
        threshold: ArrayLike | None = None,
        temperature: ArrayLike = 1.0,
        seed: int = 0,
    ) -> Notes:
        return _notes(self.play_along([self.bars_of(song)], known, noise, temperature, [seed])[0])

    def vary(
        self,
        source_midi: SourceMidi,
        noise: NDArray[np.float32],
        threshold: ArrayLike | None = None,
        bars: BarRange | None = None,
        seed: int = 0,
    ) -> Arrangement:
        song = self.bars_of(source_midi.song)
        fixed = outside_of(bars, source_midi.song, len(song))
        return apply_bar_change(source_midi, song, self.strayed(song, noise, [seed], fixed), bars)

    def move_latents(
        self,
        source_midi: SourceMidi,
        latents: Latents,
        moved: Latents,
        threshold: ArrayLike | None = None,
        bars: BarRange | None = None,
    ) -> Arrangement:
        """Bars whose latents do not move stay; the others are written anew, half as likely the notes they have."""
        song, by_bar = self.bars_of(source_midi.song), by_bars(moved)
        still = (by_bar == by_bars(latents)).all(2)[: len(song)]
        fixed = outside_of(bars, source_midi.song, len(song)) | still
        rewritten = self.rewrite(by_bar[: len(song)], song, MOVED_FOLLOWS, fixed)
        return apply_bar_change(source_midi, song, rewritten, bars)

    def vary_notes(self, notes: Notes, steps: int, noise: NDArray[np.float32], seed: Sequence[int]) -> Notes:
        """The notes written anew from latents that stray: so much by chance as there is noise, the rest as they were.
        Bars that were the same stay the same."""
        new, still = self.strayed(Bars.of(notes, steps, self.drums), noise, seed).to_notes(), noise == 0
        return Notes.concatenate([notes[still[notes.instrument]], new[~still[new.instrument]].between(0, steps)])

    def strayed(
        self, bars: Bars, noise: NDArray[np.float32], seed: Sequence[int], stays: NDArray[np.bool_] | None = None
    ) -> Bars:
        """As `vary_notes`; where `stays` (bars, instruments) nothing changes."""
        latents, rng = self.heard(bars), np.random.default_rng(seed)
        latents[..., 1:] += noise[:, None] * rng.standard_normal(latents[..., 1:].shape, np.float32)
        source = bars.source.reshape(latents.shape[:2])
        latents = latents[np.maximum(source, 0), np.arange(len(self.band))]
        latents[..., 0] = np.where(source < 0, -1, 1)
        still = np.broadcast_to(noise == 0, source.shape)
        stays = still if stays is None else stays | still
        return self.rewrite(latents, bars, np.maximum(1 - noise, 0), stays, int(rng.integers(2**31)))

    def to_phrases(self, song: Song) -> Phrases:
        return cut(song, STEPS_PER_BEAT, "nearest")

    def encode(self, phrases: Phrases) -> Latents:
        """(phrases, instruments, phrase_steps, 128) to (phrases, instruments, 4 · (1 + latent_size)): for each bar
        whether the instrument plays (1 or -1), and the mean of its latent."""
        return by_phrase(
            self.heard(Bars.of(Notes.from_rolls(join(phrases)), len(phrases) * self.phrase_steps, self.drums))
        )

    def heard(self, bars: Bars) -> Latents:
        """(bars, instruments, 1 + latent_size)."""
        size, playing = self.recipe.latent_size, np.flatnonzero(np.diff(bars.first))
        told = np.zeros((len(bars.source), 1 + size), np.float32)
        told[:, 0] = -1
        if len(playing):
            _, mean = self.play_weights.encode(bars.notes, np.diff(bars.first)[playing], playing % bars.instruments)
            told[playing, 0], told[playing, 1:] = 1, mean
        return told.reshape(len(bars), bars.instruments, 1 + size)

    def decode(self, latents: Latents, threshold: ArrayLike | None = None) -> Phrases:
        """The inverse of `encode`, as far as a latent tells; each phrase as if nothing had come before."""
        alone = by_bars(latents).reshape(len(latents), PHRASE_BARS, len(self.band), -1)
        groups = (alone[begin : begin + PHRASES_AT_ONCE] for begin in range(0, len(alone), PHRASES_AT_ONCE))
        songs = [_notes(song) for group in groups for song in self._decode_songs(list(group))]
        return np.stack([song.rolls(len(self.band), self.phrase_steps) for song in songs])

    def decode_notes(self, latents: Latents, threshold: ArrayLike | None = None) -> Notes:
        return _notes(self._decode_songs([by_bars(latents)])[0])

    def _decode_songs(self, latents: Sequence[Latents]) -> list[Bars]:
        """A song for each latents (bars, instruments, 1 + latent_size), of the likeliest notes."""
        given = [_given_latents(song, same_before(song)) for song in latents]
        return self._sample_songs(given, list(map(len, latents)), 1.0, 0.0, [0] * len(latents))

    def rewrite(
        self,
        latents: Latents,
        guide: Bars,
        follow: ArrayLike = 0.0,
        stays: NDArray[np.bool_] | None = None,
        seed: int = 0,
    ) -> Bars:
        """A song of latents (bars, instruments, 1 + latent_size); bars with the same latent are the same.

        guide: a song that each choice follows with the likelihood `follow`, one or (instruments,); where `stays` (bars,
        instruments) it is copied, whatever others with the same latent become.
        """
        probability = np.broadcast_to(np.asarray(follow, float), len(self.band))
        given = _given_latents(latents, same_before(latents, stays), guide, probability, stays)
        return self._sample_songs([given], [len(latents)], 1.0, 1.0, [seed])[0]

    def play(
        self,
        primers: Sequence[Bars],
        bars: int,
        noise: ArrayLike = 1.0,
        temperature: ArrayLike = 1.0,
        seeds: Sequence[int] = (0,),
        bar_done: Callable[[], None] = lambda: None,
    ) -> list[Bars]:
        """So many bars that follow each primer, without the primer. noise, temperature: one, or one an instrument."""
        given = [_given_primer(primer) for primer in primers]
        total = [len(primer) + bars for primer in primers]
        songs = self._sample_songs(given, total, noise, temperature, seeds, bar_done)
        return [song.between(len(primer), len(song)) for song, primer in zip(songs, primers, strict=True)]

    def play_along(
        self,
        songs: Sequence[Bars],
        known: Sequence[bool],
        noise: ArrayLike = 1.0,
        temperature: ArrayLike = 1.0,
        seeds: Sequence[int] = (0,),
        bar_done: Callable[[], None] = lambda: None,
    ) -> list[Bars]:
        """Songs in which the instruments marked in `known` (instruments,) play what they play, and the others to it."""
        given = [_given_instruments(song, known) for song in songs]
        return self._sample_songs(given, [len(song) for song in songs], noise, temperature, seeds, bar_done)

    def _sample_songs(
        self,
        given: Sequence[Given],
        bars: Sequence[int],
        noise: ArrayLike,
        temperature: ArrayLike,
        seeds: Sequence[int],
        bar_done: Callable[[], None] = lambda: None,
    ) -> list[Bars]:
        """A song for each of `given`, `bars` and `seeds`, on all cores."""
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
        batch_size = min(BATCH_SIZE, -(-len(samplers) // threads))
        decoders = [BatchDecoder(self.play_weights, batch_size) for _ in range(threads)]
        run_in_threads([decoder.decode(songs) for decoder in decoders], threads)
        return [_bars(sampler.cells, len(self.band)) for sampler in samplers]


def _given_latents(
    latents: Latents,
    same_as: NDArray[np.int64],
    guide: Bars | None = None,
    guide_probability: NDArray[np.float64] | None = None,
    fixed: NDArray[np.bool_] | None = None,
) -> Given:
    """latents: (bars, instruments, 1 + latent_size); same_as: (bars, instruments), from `same_before`; where `fixed`
    (bars, instruments) is True, the guide's notes are given."""

    def given(bar: int, instrument: int) -> BarNotes | BarLatent:
        notes = NO_NOTES if guide is None else guide.cell(bar, instrument)
        if fixed is not None and fixed[bar, instrument]:
            return notes
        if latents[bar, instrument, 0] <= 0:
            return BarLatent(None)
        probability = 0.0 if guide_probability is None else float(guide_probability[instrument])
        return BarLatent(latents[bar, instrument, 1:], int(same_as[bar, instrument]), notes, probability)

    return given


def _given_primer(primer: Bars) -> Given:
    """The primer's bars; the prior decides what follows."""

    def given(bar: int, instrument: int) -> BarNotes | None:
        return primer.cell(bar, instrument) if bar < len(primer) else None

    return given


def _given_instruments(song: Bars, known: Sequence[bool]) -> Given:
    """The bars of the instruments marked in `known` (instruments,)."""

    def given(bar: int, instrument: int) -> BarNotes | None:
        return song.cell(bar, instrument) if known[instrument] else None

    return given


def _bars(cells: Sequence[Sequence[BarNotes]], instruments: int) -> Bars:
    """Cells by bar and instrument as `Bars`."""
    return Bars.of_cells([notes for row in cells for notes in row], instruments)


def _notes(song: Bars) -> Notes:
    """None of them sounds on beyond the last bar."""
    return song.to_notes().between(0, len(song) * BAR_STEPS)
