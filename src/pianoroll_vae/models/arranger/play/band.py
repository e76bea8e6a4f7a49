"""The trained band of the recipe arranger: the `Ensemble` that plays without PyTorch."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.errors import ArtifactMissing, SettingInvalid, suggest
from pianoroll_vae.models.arranger.conditions import UNKNOWN as UNKNOWN_CONDITION
from pianoroll_vae.models.arranger.conditions import Conditions, genre_slots, requested_density, tempo_class
from pianoroll_vae.models.arranger.play.bar_vae import BarVae
from pianoroll_vae.models.arranger.play.batch_decoder import NO_NOTES, BatchDecoder
from pianoroll_vae.models.arranger.play.chart_writer import UNKNOWN, ChartDraft, ChartWriter
from pianoroll_vae.models.arranger.play.charts import chart_of, draft_of, with_sections
from pianoroll_vae.models.arranger.play.compilation import compile_loops
from pianoroll_vae.models.arranger.play.given import Given, given_instruments, given_outside, given_primer
from pianoroll_vae.models.arranger.play.latent_changes import add_noise, change_song
from pianoroll_vae.models.arranger.play.latent_song import LatentSong, count_notes, decode_song
from pianoroll_vae.models.arranger.play.mixing import blend_latents, mix_songs
from pianoroll_vae.models.arranger.play.plan import Plan, read_chart_of_bars
from pianoroll_vae.models.arranger.play.song_sampler import SongSampler
from pianoroll_vae.models.arranger.play.song_state import SongState
from pianoroll_vae.models.arranger.play.weights import PlayWeights, Tensors
from pianoroll_vae.models.arranger.sampling import DENSITY_STRENGTH, GENRE_STRENGTH, STRICT_CHORDS, Temperatures
from pianoroll_vae.models.arranger.tokens import writing_order
from pianoroll_vae.models.ensemble import NO_REQUEST, REWRITE_NOISE, Latents, OnPhrases, SongRequest
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
from pianoroll_vae.music.phrases import PHRASE_BARS
from pianoroll_vae.music.resolution import BEATS_PER_BAR, TWELFTHS_PER_BAR, TWELFTHS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_changes import apply_bar_change, outside_of
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.sources.worker_pool import cores

SONGS_AT_ONCE = 32

SONGS_PER_BATCH = 2
"""Songs that one core decodes side by side: they share the reading of the weights, and each takes 2 MB of cache."""

NOTE_PREFERENCE = 3.0
"""Added to the onset logits of a song's own notes where an attribute is changed, so that most of them stay."""


@dataclass(frozen=True)
class ArrangerBand:
    """In every bar the band's lead is sampled first; the other instruments are sampled to it, one after the other."""

    recipe: Recipe
    band: Band
    vae: Tensors
    melody: Tensors
    conditional: Tensors
    bar_vae: Tensors | None = None

    @cached_property
    def latent_space(self) -> BarVae:
        if self.bar_vae is None:
            missing = "The bar VAE, which reads and mixes songs, is not trained yet."
            raise ArtifactMissing(missing, "Run: vaemusic train vae")
        return BarVae(self.recipe.bar_vae, self.bar_vae)

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
    def segment_beats(self) -> int:
        return BEATS_PER_BAR

    @property
    def trial_segments(self) -> int:
        return 400

    @property
    def songs_at_once(self) -> int:
        return SONGS_AT_ONCE

    def prepare(self, on_compilation: Callable[[], object]) -> None:
        """Compile the loops, or read them from the disk."""
        compile_loops(self.play_weights, on_compilation)

    def to_bars(self, song: Song) -> Bars:
        """A song on any grid as bars. Notes that round to the bar line at its end are left out."""
        on_grid = self.on_grid(song)
        return Bars.from_notes(on_grid.notes, on_grid.steps, self.drums)

    def on_grid(self, song: Song) -> Song:
        """The notes of a song on the grids of its beats; the song is no longer for a note that rounds to its end."""
        steps = math.ceil(song.beats * TWELFTHS_PER_BEAT)
        notes = song.notes.regrid(song.steps_per_beat, TWELFTHS_PER_BEAT, "nearest")
        return Song(self.band, snap_notes(notes, steps), steps, TWELFTHS_PER_BEAT)

    def encode(self, song: Song) -> Latents:
        """(bars, instruments, 1 + latent_size): 1 or -1, whether the instrument begins a note, and its latent."""
        encoded = LatentSong.encode(self.latent_space, self.to_bars(song), self.drums, keep_key=True)
        plays = np.where(encoded.plays, 1, -1)[..., None]
        return np.concatenate([plays, encoded.latents], -1).astype(np.float32)

    def decode(self, latents: Latents, threshold: ArrayLike | None = None) -> Notes:
        no_shift = np.zeros(len(latents), np.int64)
        return _notes(decode_song(self.latent_space, latents[..., 1:], latents[..., 0] > 0, no_shift, self.drums))

    def reconstruct(self, song: Song, threshold: ArrayLike | None = None) -> Notes:
        """In C major or A minor, where the bar VAE is at its best."""
        bars = self.to_bars(song)
        own = LatentSong.encode(self.latent_space, bars, self.drums)
        semitones = np.full(len(bars), own.semitones)
        return _notes(decode_song(self.latent_space, own.latents, own.plays, semitones, self.drums))

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
        bar_done = _count_phrases(on_phrases, -sum(len(primer) for primer in primer_bars))
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
        on_phrases: OnPhrases = lambda count: None,
    ) -> Notes:
        bars, conditions = self.to_bars(song), self._conditions(song)
        return _notes(self.accompany_bars(bars, known, noise, temperature, seed, conditions, on_phrases))

    def accompany_bars(
        self,
        song: Bars,
        known: Sequence[bool],
        noise: ArrayLike = 1.0,
        temperature: ArrayLike = 1.0,
        seed: int = 0,
        conditions: Conditions | None = None,
        on_phrases: OnPhrases = lambda count: None,
    ) -> Bars:
        plan = self._accompanied_plan(song, known, seed, conditions or self._conditions())
        given, done = given_instruments(song, known), _count_phrases(on_phrases)
        return self._sample_songs([given], [len(song)], noise, temperature, [seed], [plan], done, STRICT_CHORDS)[0]

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

    def vary_notes(self, notes: Notes, steps: int, noise: NDArray[np.float32], seed: Sequence[int]) -> Notes:
        new, same = self.vary_bars(Bars.from_notes(notes, steps, self.drums), noise, seed).to_notes(), noise == 0
        return Notes.concatenate([notes[same[notes.instrument]], new[~same[new.instrument]].between(0, steps)])

    def vary_bars(
        self,
        song: Bars,
        noise: NDArray[np.float32],
        seed: int | Sequence[int] = 0,
        fixed: NDArray[np.bool_] | None = None,
    ) -> Bars:
        """Bars with `noise` (instruments,) added to their latents; from `REWRITE_NOISE` on they are written anew, to
        the song's chart and to the bars that stay. Equal bars stay equal; those in `fixed` (bars, instruments) do not
        change."""
        rng, source = np.random.default_rng(seed), song.source.reshape(len(song), len(self.band))
        kept = np.broadcast_to(noise == 0, source.shape)
        kept = kept if fixed is None else kept | fixed
        before = LatentSong.encode(self.latent_space, song, self.drums)
        counts = np.diff(song.first).reshape(source.shape)
        after = replace(before, latents=add_noise(before, source, noise, rng))
        fidelity = np.clip(1 - noise, 0, 1).astype(np.float32)
        varied = change_song(self.latent_space, song, before, after, self.drums, fidelity, counts, kept)
        anew = ~kept & (noise >= REWRITE_NOISE)
        return self.rewrite_bars(varied, anew, int(rng.integers(2**31))) if anew.any() else varied

    def rewrite_bars(self, song: Bars, anew: NDArray[np.bool_], seed: int) -> Bars:
        """The song with the bars in `anew` (bars, instruments) written to its chart and to the other bars."""
        chords, blocks = read_chart_of_bars(song, self.band)
        plan = Plan.from_blocks(blocks, chords, self._conditions())
        return self._sample_songs([given_outside(song, anew)], [len(song)], 1.0, 1.0, [seed], [plan])[0]

    def shift_latents(
        self, source_midi: SourceMidi, step: Latents, threshold: ArrayLike | None = None, bars: BarRange | None = None
    ) -> Arrangement:
        song = self.to_bars(source_midi.song)
        before = LatentSong.encode(self.latent_space, song, self.drums)
        after = replace(before, latents=before.latents + step[:, 1:])
        counts = self._shifted_counts(song, before, after)
        return self._change(source_midi, song, before, after, bars, 1.0, counts, NOTE_PREFERENCE)

    def _shifted_counts(self, song: Bars, before: LatentSong, after: LatentSong) -> NDArray[np.int64]:
        """(bars, instruments): the song's notes, more or fewer by what the latents decode to."""
        written = np.diff(song.first).reshape(before.plays.shape)
        old, new = (count_notes(self.latent_space, each) for each in (before, after))
        return np.asarray(np.maximum(written + new - old, 0), np.int64)

    def mix(
        self,
        songs: Sequence[Song],
        phrases: NDArray[np.int64],
        weights: NDArray[np.float64],
        linear: bool = False,
        keep_keys: bool = False,
        threshold: ArrayLike | None = None,
    ) -> Notes:
        bars = [self.to_bars(song) for song in songs]
        return _notes(mix_songs(self.latent_space, bars, phrases, weights, self.drums, linear, keep_keys))

    def blend(
        self,
        source_midi: SourceMidi,
        style: Song,
        amount: float,
        threshold: ArrayLike | None = None,
        bars: BarRange | None = None,
    ) -> Arrangement:
        """What the style plays in its nearest phrases, in the song's key and where the song repeats, again the same."""
        song = self.to_bars(source_midi.song)
        before, other = (LatentSong.encode(self.latent_space, each, self.drums) for each in (song, self.to_bars(style)))
        source = song.source.reshape(before.plays.shape)
        after, counts = blend_latents(self.latent_space, before, other, amount, source)
        return self._change(source_midi, song, before, after, bars, 1 - amount, counts)

    def _change(
        self,
        source_midi: SourceMidi,
        song: Bars,
        before: LatentSong,
        after: LatentSong,
        bars: BarRange | None,
        fidelity: float,
        counts: NDArray[np.int64] | None = None,
        preference: float = 0.0,
    ) -> Arrangement:
        same = (before.latents == after.latents).all(-1) & (before.plays == after.plays)
        fixed = outside_of(bars, source_midi.song, len(song)) | same
        share = np.full(len(self.band), fidelity, np.float32)
        changed = change_song(self.latent_space, song, before, after, self.drums, share, counts, fixed, preference)
        return apply_bar_change(source_midi, song, changed, bars)

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


def _count_phrases(on_phrases: OnPhrases, bars: int = 0) -> Callable[[], None]:
    """What is called for each bar; `bars` below 0 are those that do not count."""

    def bar_done() -> None:
        nonlocal bars
        bars += 1
        if bars > 0 and bars % PHRASE_BARS == 0:
            on_phrases(1)

    return bar_done


def _notes(song: Bars) -> Notes:
    """Notes that sound beyond the last bar are cut."""
    return song.to_notes().between(0, len(song) * TWELFTHS_PER_BAR)
