"""The trained band of the recipe arranger: the `Ensemble` that plays without PyTorch."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.errors import SettingInvalid, suggest
from pianoroll_vae.models.arranger.conditions import UNKNOWN as UNKNOWN_CONDITION
from pianoroll_vae.models.arranger.conditions import Conditions, genre_slots, requested_density, tempo_class
from pianoroll_vae.models.arranger.play.bar_latents import by_bars, by_phrase, same_before
from pianoroll_vae.models.arranger.play.batch_decoder import NO_NOTES, BatchDecoder
from pianoroll_vae.models.arranger.play.chart_writer import UNKNOWN, ChartDraft, ChartWriter
from pianoroll_vae.models.arranger.play.charts import chart_of, draft_of, with_sections
from pianoroll_vae.models.arranger.play.given import Given, given_instruments, given_latents, given_primer
from pianoroll_vae.models.arranger.play.plan import Plan, read_chart_of_bars
from pianoroll_vae.models.arranger.play.song_sampler import SongSampler
from pianoroll_vae.models.arranger.play.song_state import SongState
from pianoroll_vae.models.arranger.play.weights import PlayWeights, Tensors
from pianoroll_vae.models.arranger.sampling import DENSITY_STRENGTH, GENRE_STRENGTH, STRICT_CHORDS, Temperatures
from pianoroll_vae.models.arranger.tokens import writing_order
from pianoroll_vae.models.ensemble import NO_REQUEST, Latents, OnPhrases, SongRequest
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.threads import run_in_threads
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.beat_grid import snap_notes
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chord_labels import NO_CHORD
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import PHRASE_BARS, Phrases, cut, join
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR, TWELFTHS_PER_BEAT
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

    @cached_property
    def chart_writer(self) -> ChartWriter:
        return ChartWriter(self.recipe, self.melody)

    @property
    def steps_per_beat(self) -> int:
        return TWELFTHS_PER_BEAT

    @property
    def drums(self) -> NDArray[np.bool_]:
        """(instruments,)"""
        return np.array([instrument.is_drum for instrument in self.band])

    @property
    def phrase_steps(self) -> int:
        return PHRASE_BARS * TWELFTHS_PER_BAR

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
        """A song on any grid as bars. Notes that round to the bar line at its end are left out."""
        on_grid = self._on_grid(song)
        return Bars.from_notes(on_grid.notes, on_grid.steps, self.drums)

    def to_phrases(self, song: Song) -> Phrases:
        return cut(self._on_grid(song), TWELFTHS_PER_BEAT)

    def _on_grid(self, song: Song) -> Song:
        """The notes of a song on the grids of its beats; the song is no longer for a note that rounds to its end."""
        steps = math.ceil(song.beats * TWELFTHS_PER_BEAT)
        notes = song.notes.regrid(song.steps_per_beat, TWELFTHS_PER_BEAT, "nearest")
        return Song(self.band, snap_notes(notes, steps), steps, TWELFTHS_PER_BEAT)

    def encode(self, phrases: Phrases) -> Latents:
        """(phrases, instruments, phrase_steps, 128) to (phrases, instruments, 4 · (1 + latent_size)): of each bar
        whether the instrument plays (1 or -1), and its posterior mean."""
        notes = Notes.from_rolls(join(phrases))
        return by_phrase(self.encode_bars(Bars.from_notes(notes, len(phrases) * self.phrase_steps, self.drums)))

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
        request: SongRequest = NO_REQUEST,
        charts: Sequence[Chart | None] | None = None,
    ) -> list[Notes]:
        """The decoder reads the whole primer; the networks look back as far as their KV caches reach."""
        primer_bars = [self.to_bars(primer) for primer in primers]
        bars = -sum(len(primer) for primer in primer_bars)

        def bar_done() -> None:
            nonlocal bars
            bars += 1
            if bars > 0 and bars % PHRASE_BARS == 0:
                on_phrases(1)

        charts = charts or self.write_charts(primers, phrases * PHRASE_BARS, noise, request, seeds)
        plans = [
            self._continued_plan(played, phrases * PHRASE_BARS, chart, seed, self._conditions(primer, request))
            for primer, played, chart, seed in zip(primers, primer_bars, charts, seeds, strict=True)
        ]
        given = [given_primer(played) for played in primer_bars]
        total = [len(plan.chords) for plan in plans]
        strictness = STRICT_CHORDS if request.strict_chords else 1.0
        songs = self._sample_songs(given, total, noise, temperature, seeds, plans, bar_done, strictness)
        new = zip(songs, primer_bars, strict=True)
        return [_notes(song.between(len(played), len(song))) for song, played in new]

    @property
    def plays_charts(self) -> bool:
        return True

    def check(self, request: SongRequest) -> None:
        for name in request.density:
            self.band.index(name)
        for genre in request.genres:
            if genre not in self.recipe.genres:
                raise SettingInvalid(
                    f"The band has not learned the genre '{genre}'.", suggest(genre, self.recipe.genres)
                )
        if request.chart is not None and request.chart.meter != (4, 4):
            over, under = request.chart.meter
            raise SettingInvalid(
                f"The band plays charts in 4/4, not in {over}/{under}.", "Write {time: 4/4}, or leave the line out."
            )

    def write_charts(
        self,
        primers: Sequence[Song],
        bars: int,
        noise: ArrayLike,
        request: SongRequest,
        seeds: Sequence[int] = (0,),
    ) -> list[Chart | None]:
        if request.chart is not None:
            return [request.chart] * len(primers)
        temperature = Temperatures.from_noise(float(np.max(noise))).action
        charts: list[Chart | None] = []
        for primer, seed in zip(primers, seeds, strict=True):
            played = self.to_bars(primer)
            chords, blocks = read_chart_of_bars(played, self.band)
            draft = ChartDraft.from_played(blocks, chords, len(played) + bars, len(self.band))
            if request.sections:
                draft = with_sections(draft, len(played), request.sections)
            conditions = self._conditions(primer, request)
            written, whole = self.chart_writer.write(draft, conditions, temperature, seed)
            written = np.concatenate([chords[: blocks.phase], written])[: len(played) + bars]
            charts.append(chart_of(written, whole, len(played), primer.tempo[-1][1]))
        return charts

    def _continued_plan(self, played: Bars, bars: int, chart: Chart | None, seed: int, conditions: Conditions) -> Plan:
        """The plan of a song that begins with bars that were played and goes on with `bars` bars of a chart."""
        assert chart is not None
        chords, blocks = read_chart_of_bars(played, self.band)
        draft = draft_of(chart, blocks, chords, len(played) + bars)
        written, whole = self.chart_writer.write(draft, conditions, 1.0, seed)
        written = np.concatenate([chords[: blocks.phase], written])[: len(played) + bars]
        return replace(Plan.from_blocks(whole, written, conditions), density_strength=DENSITY_STRENGTH)

    def _conditions(self, song: Song | None = None, request: SongRequest | None = None) -> Conditions:
        """Of new music in a song's last tempo, as requested."""
        request = request or NO_REQUEST
        density = np.full(len(self.band), UNKNOWN_CONDITION)
        for name, level in request.density.items():
            instrument = self.band.index(name)
            density[instrument] = requested_density(level, self.band.instruments[instrument])
        tempo = UNKNOWN_CONDITION if song is None else tempo_class(song.tempo[-1][1])
        genres = genre_slots(request.genres, self.recipe.genres) * np.float32(GENRE_STRENGTH)
        return Conditions(genres, np.array(tempo), density)

    def accompany(
        self,
        song: Song,
        known: Sequence[bool],
        noise: NDArray[np.float32],
        threshold: ArrayLike | None = None,
        temperature: ArrayLike = 1.0,
        seed: int = 0,
    ) -> Notes:
        return _notes(self.accompany_bars(self.to_bars(song), known, noise, temperature, seed, self._conditions(song)))

    def accompany_bars(
        self,
        song: Bars,
        known: Sequence[bool],
        noise: ArrayLike = 1.0,
        temperature: ArrayLike = 1.0,
        seed: int = 0,
        conditions: Conditions | None = None,
    ) -> Bars:
        plan = self._accompanied_plan(song, known, seed, conditions or self._conditions())
        given = given_instruments(song, known)
        return self._sample_songs([given], [len(song)], noise, temperature, [seed], [plan], strictness=STRICT_CHORDS)[0]

    def _accompanied_plan(self, song: Bars, known: Sequence[bool], seed: int, conditions: Conditions) -> Plan:
        """The plan of new parts to the `known` parts of a song: their chords and form. Who else plays is written, and
        the chords where the known parts have none."""
        kept = Bars.from_cells(
            [song.cell(bar, i) if known[i] else NO_NOTES for bar in range(len(song)) for i in range(len(self.band))],
            len(self.band),
        )
        chords, blocks = read_chart_of_bars(kept, self.band)
        draft = ChartDraft.from_played(blocks, chords, len(song), len(self.band))
        active = np.where(np.array(known), blocks.active, UNKNOWN)
        open_chords = np.where(draft.chords == NO_CHORD, UNKNOWN, draft.chords)
        draft = replace(draft, active=active, chords=open_chords)
        written, whole = self.chart_writer.write(draft, conditions, 1.0, seed)
        return Plan.from_blocks(whole, np.concatenate([chords[: blocks.phase], written])[: len(song)], conditions)

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
        new, same = self.vary_bars(Bars.from_notes(notes, steps, self.drums), noise, seed).to_notes(), noise == 0
        return Notes.concatenate([notes[same[notes.instrument]], new[~same[new.instrument]].between(0, steps)])

    def vary_bars(
        self, bars: Bars, noise: NDArray[np.float32], seed: Sequence[int], fixed: NDArray[np.bool_] | None = None
    ) -> Bars:
        """Bars decoded with `noise` (instruments,) added to their latents; each note is the old one with probability
        1 - noise. From noise 1 on they are written anew to the song's chart and to the bars that stay. Equal bars stay
        equal; bars marked in `fixed` (bars, instruments) do not change."""
        latents, rng = self.encode_bars(bars), np.random.default_rng(seed)
        latents[..., 1:] += noise[:, None] * rng.standard_normal(latents[..., 1:].shape, np.float32)
        source = bars.source.reshape(latents.shape[:2])
        latents = latents[np.maximum(source, 0), np.arange(len(self.band))]
        latents[..., 0] = np.where(source < 0, -1, 1)
        without_noise = np.broadcast_to(noise == 0, source.shape)
        fixed = without_noise if fixed is None else fixed | without_noise
        return self.decode_bars(latents, bars, np.maximum(1 - noise, 0), fixed, int(rng.integers(2**31)), noise >= 1)

    def decode_bars(
        self,
        latents: Latents,
        guide: Bars,
        guide_probability: ArrayLike = 0.0,
        fixed: NDArray[np.bool_] | None = None,
        seed: int = 0,
        anew: NDArray[np.bool_] | None = None,
    ) -> Bars:
        """A song of latents (bars, instruments, 1 + latent_size), as of `encode_bars`; equal latents become equal bars.

        guide: a song as long, from which each note is taken with `guide_probability`, one or (instruments,), and which
        is kept where `fixed` (bars, instruments) is True, whatever other bars with the same latent become. anew:
        (instruments,), those whose other bars are written without latents.
        """
        probability = np.broadcast_to(np.asarray(guide_probability, float), len(self.band))
        given = given_latents(latents, same_before(latents, fixed), guide, probability, fixed, anew)
        chords, blocks = read_chart_of_bars(guide, self.band)
        plan = Plan.from_blocks(blocks, chords, self._conditions())
        return self._sample_songs([given], [len(latents)], 1.0, 1.0, [seed], [plan])[0]

    def _decode_songs(self, latents: Sequence[Latents]) -> list[Bars]:
        """A song for each latents (bars, instruments, 1 + latent_size), of the likeliest notes."""
        given = [given_latents(song, same_before(song)) for song in latents]
        bars = list(map(len, latents))
        plans = [Plan.without_chart(count, len(self.band), self._conditions()) for count in bars]
        return self._sample_songs(given, bars, 1.0, 0.0, [0] * len(latents), plans)

    def _sample_songs(
        self,
        given: Sequence[Given],
        bars: Sequence[int],
        noise: ArrayLike,
        temperature: ArrayLike,
        seeds: Sequence[int],
        plans: Sequence[Plan],
        bar_done: Callable[[], None] = lambda: None,
        strictness: float = 1.0,
    ) -> list[Bars]:
        """A song for each of `given`, `bars`, `seeds` and `plans`, a batch on each core."""
        per_instrument = (np.broadcast_to(np.asarray(value, float), len(self.band)) for value in (noise, temperature))
        temperatures = [Temperatures.from_noise(float(n), float(t)) for n, t in zip(*per_instrument, strict=True)]
        order, drums, size = writing_order(self.band), self.drums.tolist(), self.recipe.arranger.bar_width
        samplers = [
            SongSampler(
                SongState(self.play_weights),
                order,
                drums,
                temperatures,
                np.random.default_rng(seed),
                size,
                plan,
                strictness,
            )
            for seed, plan in zip(seeds, plans, strict=True)
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
    return song.to_notes().between(0, len(song) * TWELFTHS_PER_BAR)
