"""A genre has a direction where a linear probe finds it in held-out segments."""

import numpy as np

from pianoroll_vae.desk.genre_directions import area_under_curve, genre_probes
from pianoroll_vae.desk.labelled_segments import LabelledSegments


def segments(seed: int, count: int = 400) -> LabelledSegments:
    """Of a genre that moves the first dimension of the first instrument's latents, and none of the second one's."""
    rng = np.random.default_rng(seed)
    latents = rng.normal(size=(count, 2, 3)).astype(np.float32)
    genres = rng.random((count, 1)) < 0.4
    latents[:, 0, 0] += 2 * genres[:, 0]
    return LabelledSegments(latents, np.zeros((count, 2, 6)), genres)


def test_a_genre_that_segments_show_has_a_vector_and_a_probe_where_they_show_it() -> None:
    train = segments(0)
    vectors, probes = genre_probes(train, segments(1), 0)
    assert np.abs(vectors[0]).argmax() == np.abs(probes[0]).argmax() == 0
    assert np.isclose(np.linalg.norm(vectors[0]), train.latents[:, 0, 0].std(), rtol=0.1)
    assert not vectors[1].any()
    assert not probes[1].any()


def test_a_genre_with_few_segments_has_no_vector() -> None:
    vectors, probes = genre_probes(segments(0, 60), segments(1), 0)
    assert not vectors.any()
    assert not probes.any()


def test_the_area_under_the_curve_is_how_often_the_genre_scores_higher() -> None:
    positive = np.array([True, False, True, False])
    assert area_under_curve(np.array([3.0, 1.0, 4.0, 2.0]), positive) == 1
    assert area_under_curve(np.array([3.0, 1.0, 2.0, 2.5]), positive) == 0.75
    assert area_under_curve(np.array([1.0, 2.0]), np.array([True, True])) == 0.5
