"""Samples songs from their plans, some of them side by side."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from pianoroll_vae.models.arranger.play.batch_decoder import BatchDecoder
from pianoroll_vae.models.arranger.play.given import GivenNotes
from pianoroll_vae.models.arranger.play.plan import Plan
from pianoroll_vae.models.arranger.play.progress import OnBar
from pianoroll_vae.models.arranger.play.song_sampler import SongSampler
from pianoroll_vae.models.arranger.play.song_state import SongState
from pianoroll_vae.models.arranger.play.weights import PlayWeights, with_ranges, with_strict_chords
from pianoroll_vae.models.arranger.sampling import STRICT_CHORDS, Temperatures
from pianoroll_vae.models.arranger.tokens import writing_order
from pianoroll_vae.models.ensemble import DEFAULT_SAMPLING, Sampling
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bars import Bars

SONGS_PER_BATCH = 4
"""Songs that are decoded side by side: they share the reading of the weights, and each takes 0.2 MB of cache."""


def sample_songs(
    weights: PlayWeights,
    band: Band,
    plans: Sequence[Plan],
    given: Sequence[GivenNotes],
    seeds: Sequence[int],
    sampling: Sampling = DEFAULT_SAMPLING,
    strict_chords: bool = False,
    on_bar: OnBar = lambda song, cells: None,
) -> list[Bars]:
    """A song for each of `plans`, `given` and `seeds`, as long as its plan. strict_chords: as in
    `SongRequest`."""
    values = (sampling.noise, sampling.temperature)
    per_instrument = (np.broadcast_to(np.asarray(value, float), len(band)) for value in values)
    temperatures = [Temperatures.from_noise(float(n), float(t)) for n, t in zip(*per_instrument, strict=True)]
    order, drums = writing_order(band), band.drums.tolist()
    strictness = STRICT_CHORDS if strict_chords else 1.0
    samplers = [
        SongSampler(SongState(weights, plan), order, drums, temperatures, np.random.default_rng(seed), strictness)
        for plan, seed in zip(plans, seeds, strict=True)
    ]
    numbered = enumerate(zip(samplers, given, strict=True))
    songs = iter([sampler.sample(kept, partial(on_bar, number)) for number, (sampler, kept) in numbered])
    decoder_weights = with_ranges(weights.decoder_weights, band)
    if strict_chords:
        decoder_weights = with_strict_chords(decoder_weights, band)
    BatchDecoder(weights, min(SONGS_PER_BATCH, len(samplers)), decoder_weights).decode(songs)
    return [sampler.bars() for sampler in samplers]
