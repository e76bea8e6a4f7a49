"""A trained band of the thesis: VAEs and latent networks as an `Ensemble`.

Songs are phrases of 16 beats: `PhraseSpace` maps phrases to latents and back, `LatentPredictor` predicts the latents of
the next phrase.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.models.ensemble import (
    DEFAULT_SAMPLING,
    NO_REQUEST,
    Latents,
    OnFirstPhrases,
    OnPhrases,
    Sampling,
    SongRequest,
)
from pianoroll_vae.models.model import Model
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.thesis.accompaniment import accompany_phrases, harmony_of
from pianoroll_vae.models.thesis.latent_networks import ConditionalNN, MelodyNN
from pianoroll_vae.models.thesis.parameters import conditional_specs, melody_specs, vae_specs
from pianoroll_vae.models.thesis.phrase_space import PhraseSpace
from pianoroll_vae.models.thesis.prediction import LatentPredictor
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.tensor_threads import run_tensors_in_threads
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.meter import FOUR_FOUR, BarRange, Meter
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.phrases import PHRASE_BEATS, Phrases
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi

SONGS_PER_BATCH = 32
"""Songs that one core generates at once."""


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

    @cached_property
    def space(self) -> PhraseSpace:
        return PhraseSpace(self.recipe, self.band, self.vae)

    @cached_property
    def predictor(self) -> LatentPredictor:
        return LatentPredictor(self.recipe, self.band, self.melody, self.conditional)

    @property
    def steps_per_beat(self) -> int:
        return self.space.steps_per_beat

    @property
    def phrase_steps(self) -> int:
        return self.space.phrase_steps

    def phrase_beats(self, meter: Meter) -> float:
        return PHRASE_BEATS

    @property
    def reads_meters(self) -> bool:
        return False

    @property
    def memory_phrases(self) -> int:
        return 1

    @property
    def thresholds(self) -> NDArray[np.float32]:
        return self.space.thresholds

    @property
    def segment_beats(self) -> int:
        return PHRASE_BEATS

    @property
    def latent_size(self) -> int:
        return self.recipe.latent_size

    @property
    def segments_per_second(self) -> int:
        return 300

    @property
    def songs_per_batch(self) -> int:
        return 128

    @property
    def is_single_threaded(self) -> bool:
        return False

    def prepare(self, on_compilation: Callable[[], object]) -> None:
        """Nothing is compiled."""

    def to_phrases(self, song: Song) -> Phrases:
        """(phrases, instruments, phrase_steps, 128): a song of any grid on the band's."""
        return self.space.to_phrases(song)

    def on_grid(self, song: Song) -> Song:
        return self.space.on_grid(song)

    def in_segments(self, song: Song) -> Song:
        return self.on_grid(song)

    def encode(self, song: Song) -> Latents:
        return self.space.encode(song)

    def decode(
        self, latents: Latents, threshold: ArrayLike | None = None, instruments: NDArray[np.bool_] | None = None
    ) -> Notes:
        notes = self.space.decode(latents, threshold)
        return notes if instruments is None else notes[instruments[notes.instrument]]

    def reconstruct(self, song: Song, threshold: ArrayLike | None = None) -> Notes:
        return self.decode(self.encode(song), threshold)

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
        """Notes of all instruments and bars: those marked in `known` as in `song`, the others new."""
        phrases = self.to_phrases(song)
        harmony = harmony_of(song, len(phrases) * PHRASE_BEATS)
        noise, rng = self._noise(sampling), np.random.default_rng(seed)
        played = accompany_phrases(
            self.space, self.predictor, phrases, known, harmony, noise, sampling.threshold, rng, on_phrases=on_phrases
        )
        return self.space.notes_of(played)

    def vary(
        self,
        source_midi: SourceMidi,
        sampling: Sampling,
        seed: int = 0,
        bars: BarRange | None = None,
        request: SongRequest = NO_REQUEST,
    ) -> Arrangement:
        noise = np.broadcast_to(np.asarray(sampling.noise, np.float32), len(self.band))
        return self.space.vary(source_midi, noise, sampling.threshold, bars, seed)

    def shift_latents(
        self, source_midi: SourceMidi, step: Latents, threshold: ArrayLike | None = None, bars: BarRange | None = None
    ) -> Arrangement:
        return self.space.shift(source_midi, step, threshold, bars)

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
        return self.space.mix(songs, phrases, weights, linear, threshold)

    def blend(
        self,
        source_midi: SourceMidi,
        style: Song,
        amount: float,
        threshold: ArrayLike | None = None,
        bars: BarRange | None = None,
    ) -> Arrangement:
        return self.space.blend(source_midi, style, amount, threshold, bars)

    def vary_notes(self, notes: Notes, steps: int, noise: NDArray[np.float32], seed: Sequence[int]) -> Notes:
        return self.space.vary_notes(notes, steps, noise, seed)

    @property
    def plays_charts(self) -> bool:
        return False

    def check(self, request: SongRequest) -> None:
        if request.chart is not None or request.genres or request.density or request.players:
            raise SettingInvalid(
                f"The recipe '{self.recipe.name}' plays no charts, genres or densities, and not everybody.",
                "Leave --chart, --genre, --density and --everybody out, or play with the bundled band, outside of the "
                "workspace.",
            )

    def write_charts(
        self,
        primers: Sequence[Song],
        bars: int,
        sampling: Sampling = DEFAULT_SAMPLING,
        seeds: Sequence[int] = (0,),
        request: SongRequest = NO_REQUEST,
    ) -> list[Chart | None]:
        return [None] * len(primers)

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
        """What follows the last 16 beats of each primer.

        Notes are read from the rolls of the whole song, so `on_first_phrases` is not called."""
        last_phrases = np.stack([self.to_phrases(primer)[-1] for primer in primers])
        found: list[list[Notes]] = []

        def generate(group: slice, notes: list[Notes]) -> Iterator[None]:
            rolls = []
            for played in self._generate(last_phrases[group], phrases, sampling, seeds[group]):
                rolls.append(played)
                on_phrases(len(played))
                yield
            notes += (Notes.from_performance(song, self.space.band.drums) for song in np.concatenate(rolls, 2))

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

    def _noise(self, sampling: Sampling) -> NDArray[np.float32]:
        """(instruments,): temperature multiplies the noise, the only randomness."""
        noise = np.asarray(sampling.noise, np.float32) * np.asarray(sampling.temperature, np.float32)
        return np.broadcast_to(noise, len(self.band))

    def _generate(self, primers: Phrases, phrases: int, sampling: Sampling, seeds: Sequence[int]) -> Iterator[Phrases]:
        """The phrases that follow the primers, one after the other, (songs, instruments, phrase_steps, 128) each."""
        space, thresholds = self.space, self.space.threshold_tensor(sampling.threshold)
        noise = self._noise(sampling)
        rng = [np.random.default_rng(seed) for seed in seeds]
        rolls = torch.from_numpy(primers).transpose(0, 1)
        cells = self.vae.order.from_rolls(rolls).float() * self.recipe.grid.cell_scale
        history = torch.empty(len(primers), 0, len(self.band), self.recipe.latent_size)
        for _ in range(phrases):
            last = self.vae.encode_patches(cells)[..., :-1].transpose(0, 1).unsqueeze(1)
            history = torch.cat([history, last], 1)[:, -self.recipe.latents.memory :]
            cells = space.cells(self.predictor.next_latents(history, noise, rng), thresholds)
            yield space.velocities(cells)
