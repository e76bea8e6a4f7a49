"""Learns directions in latent space for attributes and genres, and measures their effect on held-out segments.

Vectors are looked for on a few training segments, since each trial decodes them all; the figures of a direction are
those of held-out segments.
"""

from collections.abc import Callable

import numpy as np

from pianoroll_vae.desk.attribute_directions import attribute_trials, find_attribute_vectors, measure_solvers
from pianoroll_vae.desk.direction_effects import DirectionEffects
from pianoroll_vae.desk.directions import Direction
from pianoroll_vae.desk.genre_directions import find_genre_vectors, genre_probes, genre_trials
from pianoroll_vae.desk.labelled_segments import LabelledSegments
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.attributes import ATTRIBUTE_MEASURES

HELD_OUT_PER_TRIAL = 12
"""The effect is measured on at most so many held-out segments for each segment on which lengths are tried."""


def learn_directions(
    ensemble: Ensemble,
    train: LabelledSegments,
    held_out: LabelledSegments,
    genre_names: tuple[str, ...],
    on_decoded: Callable[[int], None] = lambda segments: None,
) -> list[Direction]:
    """The directions of all attributes and genres, ineffective ones too. on_decoded: called with numbers of segments
    that add up to `segments_to_decode`."""
    trial_segments, test_segments = _trial_and_test(ensemble, train, held_out)
    spread = train.attribute_spread()
    trial = DirectionEffects(ensemble, trial_segments.latents, spread, on_decoded)
    test = DirectionEffects(ensemble, test_segments.latents, spread, on_decoded)
    solvers = measure_solvers(trial, train.latent_spread())
    attributes = zip(ATTRIBUTE_MEASURES, find_attribute_vectors(solvers), strict=True)
    directions = [
        Direction(name, "attribute", vectors, *test.on_attribute(vectors, index))
        for index, (name, vectors) in enumerate(attributes)
    ]
    for index, name in enumerate(genre_names):
        candidate, probes = genre_probes(train, held_out, index)
        if candidate.any():
            vectors = find_genre_vectors(trial, solvers, candidate, probes)
            directions.append(Direction(name, "genre", vectors, *test.on_genre(vectors, probes)))
        else:
            instruments = len(candidate)
            nothing = np.full(instruments, np.nan), np.zeros(instruments)
            directions.append(Direction(name, "genre", candidate, *nothing))
            on_decoded(genre_trials() * len(trial_segments) + len(test_segments))
    return directions


def segments_to_decode(ensemble: Ensemble, train: LabelledSegments, held_out: LabelledSegments, genres: int) -> int:
    """How many segments `learn_directions` decodes, or need not decode, of so many genres."""
    trial, test = _trial_and_test(ensemble, train, held_out)
    trials = attribute_trials(ensemble.latent_size) + genres * genre_trials()
    return trials * len(trial) + (len(ATTRIBUTE_MEASURES) + genres) * len(test)


def _trial_and_test(
    ensemble: Ensemble, train: LabelledSegments, held_out: LabelledSegments
) -> tuple[LabelledSegments, LabelledSegments]:
    """The segments on which vectors are tried, as many as are decoded in a second, and those on which their effect is
    measured."""
    count = ensemble.segments_per_second
    return train.subsample(count), held_out.subsample(HELD_OUT_PER_TRIAL * count)
