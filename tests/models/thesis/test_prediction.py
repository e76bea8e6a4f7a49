"""Latents of the next phrase: given ones are kept, and noise belongs to a song's seed."""

import numpy as np
import pytest

from pianoroll_vae.models.model_files import load_band
from pianoroll_vae.models.thesis.band import ThesisBand
from pianoroll_vae.models.thesis.prediction import LatentPredictor
from pianoroll_vae.workspace import CONDITIONAL, MELODY, VAE
from tests.small_thesis import small_thesis_workspace

ONES, ZEROS = np.ones(5, np.float32), np.zeros(5, np.float32)
HISTORY = np.random.default_rng(0).standard_normal((2, 1, 5, 4), np.float32)
"""Of two songs."""


@pytest.fixture(scope="module")
def predictor(tmp_path_factory: pytest.TempPathFactory) -> LatentPredictor:
    workspace = small_thesis_workspace(tmp_path_factory.mktemp("thesis"))
    band = load_band(*(workspace.path(part) for part in (VAE, MELODY, CONDITIONAL)))
    assert isinstance(band, ThesisBand)
    return band.predictor


def seeded(*seeds: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in seeds]


def test_given_latents_are_kept_and_those_of_the_lead_change_the_others(predictor: LatentPredictor) -> None:
    free = predictor.predict(HISTORY, ZEROS, seeded(1, 2))
    given = np.full_like(free, 3.0)
    led = predictor.predict(HISTORY, ZEROS, seeded(1, 2), given, [True, False, False, False, False])
    assert (led[:, 0] == 3).all()
    assert (led[:, 1:] != free[:, 1:]).any()


def test_a_songs_noise_depends_on_its_own_seed_alone(predictor: LatentPredictor) -> None:
    one, other = (predictor.predict(HISTORY, ONES, seeded(1, seed)) for seed in (2, 3))
    np.testing.assert_array_equal(one[0], other[0])
    assert (one[1] != other[1]).any()


def test_at_noise_0_the_seed_does_not_matter(predictor: LatentPredictor) -> None:
    one, other = (predictor.predict(HISTORY, ZEROS, seeded(seed, seed)) for seed in (2, 3))
    np.testing.assert_array_equal(one, other)
