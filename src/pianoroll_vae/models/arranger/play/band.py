"""The trained band of the recipe arranger: the `Ensemble` that plays without PyTorch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.errors import ArtifactMissing
from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.play.bar_reading import bars_of, in_even_bars, notes_of, on_twelfths, twelfths_of
from pianoroll_vae.models.arranger.play.bar_space import BarSpace
from pianoroll_vae.models.arranger.play.bar_vae import BarVae
from pianoroll_vae.models.arranger.play.chart_writer import ChartWriter
from pianoroll_vae.models.arranger.play.compilation import compile_loops
from pianoroll_vae.models.arranger.play.given import given_outside, given_primer
from pianoroll_vae.models.arranger.play.planning import Planner
from pianoroll_vae.models.arranger.play.progress import after_bars
from pianoroll_vae.models.arranger.play.request_check import check_request
from pianoroll_vae.models.arranger.play.song_batches import SONGS_PER_BATCH, sample_songs
from pianoroll_vae.models.arranger.play.weights import PlayWeights, Tensors
from pianoroll_vae.models.arranger.sampling import Temperatures
from pianoroll_vae.models.arranger.tokens import writing_order
from pianoroll_vae.models.ensemble import (
    DEFAULT_SAMPLING,
    NO_REQUEST,
    REWRITE_NOISE,
    Latents,
    OnFirstPhrases,
    OnPhrases,
    Sampling,
    SongRequest,
)
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bar_lines import bar_parts, written_meter
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.meter import FOUR_FOUR, BarRange, Meter, beats_of
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import PHRASE_BARS
from pianoroll_vae.music.resolution import BEATS_PER_BAR, TWELFTHS_PER_BAR, TWELFTHS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_changes import apply_bar_change, outside_of
from pianoroll_vae.music.source_midi import SourceMidi


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
    def bar_space(self) -> BarSpace:
        if self.bar_vae is None:
            missing = "The bar VAE, which reads and mixes songs, is not trained yet."
            raise ArtifactMissing(missing, "Run: vaemusic train vae")
        return BarSpace(BarVae(self.recipe.bar_vae, self.bar_vae), self.band.drums)

    @cached_property
    def play_weights(self) -> PlayWeights:
        return PlayWeights(self.recipe, self.vae, self.melody, self.conditional, writing_order(self.band))

    @cached_property
    def planner(self) -> Planner:
        return Planner(
            self.band,
            self.recipe.genres,
            self.recipe.default_genres,
            ChartWriter(self.recipe, self.melody),
            self.play_weights.trait_model,
        )

    @property
    def steps_per_beat(self) -> int:
        return TWELFTHS_PER_BEAT

    @property
    def phrase_steps(self) -> int:
        return PHRASE_BARS * TWELFTHS_PER_BAR

    def phrase_beats(self, meter: Meter) -> float:
        return PHRASE_BARS * beats_of(written_meter(*meter)) / max(len(bar_parts(*meter)), 1)

    @property
    def reads_meters(self) -> bool:
        return True

    @property
    def memory_phrases(self) -> int:
        return self.recipe.arranger.context_bars // PHRASE_BARS

    @property
    def thresholds(self) -> None:
        """Notes are decoded, and not cells."""

    @property
    def segment_beats(self) -> int:
        return BEATS_PER_BAR

    @property
    def latent_size(self) -> int:
        return self.bar_space.latent_size

    @property
    def segments_per_second(self) -> int:
        return 400

    @property
    def songs_per_batch(self) -> int:
        return SONGS_PER_BATCH

    @property
    def is_single_threaded(self) -> bool:
        return True

    def __getstate__(self) -> dict[str, object]:
        """Without what is cached, which is made of the rest."""
        return {part.name: getattr(self, part.name) for part in fields(self)}

    def prepare(self, on_compilation: Callable[[], object]) -> None:
        """Compile the loops, or read them from the disk."""
        compile_loops(on_compilation)

    def to_bars(self, song: Song) -> Bars:
        """A song on any grid as bars."""
        return bars_of(song, self.band)

    def on_grid(self, song: Song) -> Song:
        return on_twelfths(song, self.band)

    def in_segments(self, song: Song) -> Song:
        return in_even_bars(song, self.band)

    def encode(self, song: Song) -> Latents:
        """(bars, instruments, 1 + latent_size), see `BarSpace.encode`."""
        return self.bar_space.encode(self.to_bars(song))

    def decode(
        self, latents: Latents, threshold: ArrayLike | None = None, instruments: NDArray[np.bool_] | None = None
    ) -> Notes:
        return notes_of(self.bar_space.decode(latents, instruments))

    def reconstruct(self, song: Song, threshold: ArrayLike | None = None) -> Notes:
        return notes_of(self.bar_space.reconstruct(self.to_bars(song)))

    def continue_(
        self,
        primers: Sequence[Song],
        phrases: int,
        sampling: Sampling = DEFAULT_SAMPLING,
        seeds: Sequence[int] = (0,),
        request: SongRequest = NO_REQUEST,
        charts: Sequence[Chart | None] | None = None,
        on_phrases: OnPhrases = lambda count: None,
        on_first_phrases: OnFirstPhrases | None = None,
    ) -> list[Notes]:
        """The decoder reads the whole primer; the networks look back as far as their KV caches reach."""
        primer_bars = [self.to_bars(primer) for primer in primers]
        bars = phrases * PHRASE_BARS
        charts = charts or self.write_charts(primers, bars, sampling, seeds, request)
        plans = [
            self.planner.continued(played, bars, chart, seed, self.planner.conditions(primer, request), request)
            for primer, played, chart, seed in zip(primers, primer_bars, charts, seeds, strict=True)
            if chart is not None
        ]
        lines = [plan.lines for plan in plans]
        on_bar = after_bars(on_phrases, [len(primer) for primer in primer_bars], on_first_phrases, lines)
        given = [given_primer(played) for played in primer_bars]
        songs = sample_songs(self.play_weights, self.band, plans, given, seeds, sampling, request.strict_chords, on_bar)
        new = zip(songs, primer_bars, strict=True)
        return [notes_of(song.between(len(played), len(song))) for song, played in new]

    @property
    def plays_charts(self) -> bool:
        return True

    def check(self, request: SongRequest) -> None:
        check_request(request, self.band, self.recipe.genres)

    def write_charts(
        self,
        primers: Sequence[Song],
        bars: int,
        sampling: Sampling = DEFAULT_SAMPLING,
        seeds: Sequence[int] = (0,),
        request: SongRequest = NO_REQUEST,
    ) -> list[Chart | None]:
        if request.chart is not None:
            return [request.chart] * len(primers)
        temperature = Temperatures.from_noise(float(np.max(sampling.noise))).action
        return [
            self.planner.write_chart(primer, self.to_bars(primer), bars, request, temperature, seed)
            for primer, seed in zip(primers, seeds, strict=True)
        ]

    def accompany(
        self,
        song: Song,
        known: Sequence[bool],
        sampling: Sampling = DEFAULT_SAMPLING,
        seed: int = 0,
        bars: BarRange | None = None,
        request: SongRequest = NO_REQUEST,
        on_phrases: OnPhrases = lambda count: None,
    ) -> Notes:
        played, conditions = self.to_bars(song), self.planner.conditions(song, request)
        cells = outside_of(bars, song, played.lines) | np.array(known)
        return notes_of(self.accompany_bars(played, cells, sampling, seed, conditions, request, on_phrases))

    def accompany_bars(
        self,
        song: Bars,
        known: ArrayLike,
        sampling: Sampling = DEFAULT_SAMPLING,
        seed: int = 0,
        conditions: Conditions | None = None,
        request: SongRequest = NO_REQUEST,
        on_phrases: OnPhrases = lambda count: None,
    ) -> Bars:
        """known: (instruments,) or (bars, instruments), what stays; all else is new."""
        cells = np.broadcast_to(np.asarray(known, np.bool_), (len(song), len(self.band)))
        plan = self.planner.accompanied(song, cells, seed, conditions or self.planner.conditions(), request)
        given, on_bar = [given_outside(song, ~cells)], after_bars(on_phrases, [0])
        return sample_songs(self.play_weights, self.band, [plan], given, [seed], sampling, True, on_bar)[0]

    def vary(
        self,
        source_midi: SourceMidi,
        sampling: Sampling,
        seed: int = 0,
        bars: BarRange | None = None,
        request: SongRequest = NO_REQUEST,
    ) -> Arrangement:
        song = self.to_bars(source_midi.song)
        fixed = outside_of(bars, source_midi.song, song.lines)
        noise = np.broadcast_to(np.asarray(sampling.noise, np.float32), len(self.band))
        varied = self.vary_bars(song, noise, [seed], fixed, request, twelfths_of(source_midi.song))
        return apply_bar_change(source_midi, song, varied, bars)

    def vary_notes(self, notes: Notes, steps: int, noise: NDArray[np.float32], seed: Sequence[int]) -> Notes:
        new, same = self.vary_bars(Bars.from_notes(notes, steps, self.band.drums), noise, seed).to_notes(), noise == 0
        return Notes.concatenate([notes[same[notes.instrument]], new[~same[new.instrument]].between(0, steps)])

    def vary_bars(
        self,
        song: Bars,
        noise: NDArray[np.float32],
        seed: int | Sequence[int] = 0,
        fixed: NDArray[np.bool_] | None = None,
        request: SongRequest = NO_REQUEST,
        steps: int | None = None,
    ) -> Bars:
        """Bars with `noise` (instruments,) added to their latents; from `REWRITE_NOISE` on they are written anew, to
        the song's chords or those that are asked for, and to the other bars. Equal bars stay equal; those in `fixed`
        (bars, instruments) do not change. steps: where the song ends, if not with its last bar."""
        rng = np.random.default_rng(seed)
        kept = np.broadcast_to(noise == 0, (len(song), len(self.band)))
        kept = kept if fixed is None else kept | fixed
        anew = ~kept & (noise >= REWRITE_NOISE)
        varied = song if (kept | anew).all() else self.bar_space.vary(song, noise, rng, kept | anew, steps)
        if not anew.any():
            return varied
        given, plan = [given_outside(varied, anew)], self.planner.rewritten(song, request)
        own_seed = int(rng.integers(2**31))
        return sample_songs(
            self.play_weights, self.band, [plan], given, [own_seed], strict_chords=request.strict_chords
        )[0]

    def shift_latents(
        self, source_midi: SourceMidi, step: Latents, threshold: ArrayLike | None = None, bars: BarRange | None = None
    ) -> Arrangement:
        song = self.to_bars(source_midi.song)
        fixed = outside_of(bars, source_midi.song, song.lines)
        shifted = self.bar_space.shift(song, step[:, 1:], fixed, twelfths_of(source_midi.song))
        return apply_bar_change(source_midi, song, shifted, bars)

    def mix(
        self,
        songs: Sequence[Song],
        phrases: NDArray[np.int64],
        weights: NDArray[np.float64],
        linear: bool = False,
        keep_keys: bool = False,
        threshold: ArrayLike | None = None,
        meter: Meter = FOUR_FOUR,
    ) -> Notes:
        bars, own = list(map(self.to_bars, songs)), written_meter(*meter)
        return notes_of(self.bar_space.mix(bars, phrases, weights, linear, keep_keys, own))

    def blend(
        self,
        source_midi: SourceMidi,
        style: Song,
        amount: float,
        threshold: ArrayLike | None = None,
        bars: BarRange | None = None,
    ) -> Arrangement:
        song = self.to_bars(source_midi.song)
        fixed = outside_of(bars, source_midi.song, song.lines)
        blended = self.bar_space.blend(song, self.to_bars(style), amount, fixed, twelfths_of(source_midi.song))
        return apply_bar_change(source_midi, song, blended, bars)
