"""The interface of a trained band, whatever its recipe: what commands and the Python API call.

Phrases are 16 beats, and in a band that reads meters four bars, of 5/4 and 7/4 two; a segment is what one latent
encodes: `segment_beats` of one instrument. Songs come in on any grid; notes come out on `steps_per_beat`. What is
`ArrayLike` is one number for all instruments, or (instruments,).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.chart import Chart, Section
from pianoroll_vae.music.key import Key
from pianoroll_vae.music.meter import FOUR_FOUR, BarRange, Meter
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi

Latents = NDArray[np.float32]
"""(segments, instruments, latent_size)"""

OnPhrases = Callable[[int], None]
"""Called with the number of phrases written since the last call, for progress bars."""

OnFirstPhrases = Callable[[int, Notes, int], None]
"""Called with the number of a song, its new notes so far, and how many phrases these are; the last notes may sound
beyond them, and may still be cut by later ones."""

REWRITE_NOISE = 1.5
"""Noise of `vary` from which on the arranger writes bars anew: a latent with so much noise is a bar of another song."""

Density = Literal["low", "medium", "high"]


@dataclass(frozen=True)
class SongRequest:
    """What is asked of new music. `Ensemble.check` refuses what a band cannot do."""

    chart: Chart | None = None
    """Of the new bars; a band that plays charts writes one itself where there is none."""

    strict_chords: bool = False
    """Whether notes follow the chords more strictly than in the band's training songs."""

    sections: tuple[Section, ...] = ()
    """The form of the chart that the band writes."""

    key: Key | None = None
    """On whose tonic a chart that the band writes from nothing begins; None: on any chord."""

    genres: tuple[str, ...] = ()
    """Empty: the band's default where a song begins from nothing, else unknown."""

    density: Mapping[str, Density] = field(default_factory=dict)
    """How densely instruments play, by name."""

    players: tuple[str, ...] = ()
    """Instruments that play at least half of the bars that they play in real songs."""

    joining: tuple[str, ...] | None = None
    """Instruments that join those of a primer, which goes on with its own and no others; None: any may join where the
    primer is too short to show which instruments rest."""


NO_REQUEST = SongRequest()


@dataclass(frozen=True)
class Sampling:
    """How new music is sampled."""

    noise: ArrayLike = 1.0
    """Standard deviations of what is added to latents."""

    temperature: ArrayLike = 1.0
    """Of the notes; in the family thesis a factor of the noise."""

    threshold: ArrayLike | None = None
    """The strength, 0 to 1, from which a decoded cell sounds; None: the band's `thresholds`."""


DEFAULT_SAMPLING = Sampling()


@runtime_checkable
class Ensemble(Protocol):
    """A trained band."""

    @property
    def recipe(self) -> Recipe: ...

    @property
    def band(self) -> Band: ...

    @property
    def steps_per_beat(self) -> int: ...

    @property
    def phrase_steps(self) -> int: ...

    def phrase_beats(self, meter: Meter) -> float:
        """Quarter notes in a phrase of a song in a meter."""

    @property
    def reads_meters(self) -> bool:
        """Whether songs are read and continued in their own bars; then primers are whole bars."""

    @property
    def memory_phrases(self) -> int:
        """How many phrases before the next one the networks take into account."""

    @property
    def thresholds(self) -> NDArray[np.float32] | None:
        """(instruments,): the strength, 0 to 1, from which a decoded cell sounds by default; None from a band that
        decodes notes and not cells."""

    @property
    def segment_beats(self) -> int:
        """Beats that one latent encodes: 16 in the family thesis, a bar of 4 in the family arranger."""

    @property
    def latent_size(self) -> int:
        """Numbers in a latent of `encode`."""

    @property
    def segments_per_second(self) -> int:
        """How many segments are decoded in a second, roughly: a measure for callers that decode many times."""

    @property
    def songs_per_batch(self) -> int:
        """How many primers to give `continue_` in one call: enough to be fast, few enough for any memory."""

    @property
    def is_single_threaded(self) -> bool:
        """Whether it samples on one core alone, so that several processes together sample more songs a second. Such an
        ensemble can be pickled."""

    def prepare(self, on_compilation: Callable[[], object]) -> None:
        """Load what playing needs; `on_compilation` is called if loops are compiled for this machine, which takes some
        seconds the first time."""

    def on_grid(self, song: Song) -> Song:
        """A song as the networks read it, on `steps_per_beat`."""

    def in_segments(self, song: Song) -> Song:
        """The song `on_grid` with the segments of `encode` one after the other, all of `segment_beats`: a bar that is
        shorter is followed by silence."""

    def encode(self, song: Song) -> Latents:
        """The posterior means of all segments, from the first step on; silence fills the last one."""

    def decode(
        self, latents: Latents, threshold: ArrayLike | None = None, instruments: NDArray[np.bool_] | None = None
    ) -> Notes:
        """The notes of the segments, one after the other from step 0 on. instruments: those that play; None: all."""

    def reconstruct(self, song: Song, threshold: ArrayLike | None = None) -> Notes:
        """A song encoded and decoded."""

    @property
    def plays_charts(self) -> bool:
        """Whether new music follows a chart, and needs no primer."""

    def check(self, request: SongRequest) -> None:
        """Raise SettingInvalid where the band cannot do what is asked."""

    def write_charts(
        self,
        primers: Sequence[Song],
        bars: int,
        sampling: Sampling = DEFAULT_SAMPLING,
        seeds: Sequence[int] = (0,),
        request: SongRequest = NO_REQUEST,
    ) -> list[Chart | None]:
        """A chart of `bars` new bars for each primer, in its last meter, to which `continue_` plays; None from a band
        without charts."""

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
        """`phrases` new phrases for each primer, from step 0 on, without the primer; seeds: one a primer.

        The last `memory_phrases` of a primer are taken into account. charts: one a primer; by default those of
        `write_charts`. on_first_phrases: called after 1, 2, 4, 8, … phrases by a band that writes bar by bar, on the
        thread that writes.
        """

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
        """Notes of all instruments, as long as `song`: its own where `known` (instruments,) is True, else new parts.

        bars: where the new parts are wanted; `song` has what stays outside of them, which a band may write over. Of a
        request its genres, densities and players are taken."""

    def vary(
        self,
        source_midi: SourceMidi,
        sampling: Sampling,
        seed: int = 0,
        bars: BarRange | None = None,
        request: SongRequest = NO_REQUEST,
    ) -> Arrangement:
        """The source MIDI with noise added to its latents; only `bars` change, and only the notes that decode
        differently. Noise 0 changes nothing. The chords of `request`, from the song's first bar on, are those of
        bars that a band with charts writes anew."""

    def shift_latents(
        self, source_midi: SourceMidi, step: Latents, threshold: ArrayLike | None = None, bars: BarRange | None = None
    ) -> Arrangement:
        """The source MIDI with `step` (instruments, latent_size) added to its latents; only `bars` change, and only the
        notes that decode differently."""

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
        """The notes of mixed latents: phrase i is made of the phrases `phrases` (songs, n)[:, i] of the songs, with
        `weights` (songs, n) that add up to 1. The latents of two songs are interpolated spherically unless `linear`.
        keep_keys: songs are not brought into one key first. meter: of the mix, in a band that reads meters."""

    def blend(
        self,
        source_midi: SourceMidi,
        style: Song,
        amount: float,
        threshold: ArrayLike | None = None,
        bars: BarRange | None = None,
    ) -> Arrangement:
        """The source MIDI moved by `amount`, 0 to 1, towards the latents of `style` that are nearest to its own; only
        `bars` change."""

    def vary_notes(self, notes: Notes, steps: int, noise: NDArray[np.float32], seed: Sequence[int]) -> Notes:
        """Notes on the band's grid over `steps` steps, with `noise` (instruments,) added to their latents."""
