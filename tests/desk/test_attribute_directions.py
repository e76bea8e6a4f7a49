"""Vectors of attributes are found by trials, and a better one is never given up."""

import numpy as np
import pytest

from pianoroll_vae.desk.attribute_directions import (
    AttributeSolver,
    attribute_trials,
    find_attribute_vectors,
    measure_solvers,
)
from pianoroll_vae.desk.direction_effects import DirectionEffects, direction_score
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.labelled_segments import LabelledSegments
from pianoroll_vae.music.attributes import ATTRIBUTE_MEASURES
from tests.arranger_dataset import loop_song
from tests.small_arranger import small_arranger_workspace

REGISTER = list(ATTRIBUTE_MEASURES).index("register")


@pytest.fixture(scope="module")
def decoded() -> list[int]:
    return []


@pytest.fixture(scope="module")
def solvers(tmp_path_factory: pytest.TempPathFactory, decoded: list[int]) -> list[AttributeSolver]:
    band = load_ensemble(small_arranger_workspace(tmp_path_factory.mktemp("attributes")))
    songs = [LabelledSegments.encode(band, loop_song(seed, 13), np.zeros(0, np.bool_), 13) for seed in range(16)]
    segments = LabelledSegments.concatenate(songs)
    effects = DirectionEffects(band, segments.latents[:40], segments.attribute_spread(), decoded.append)
    return measure_solvers(effects, segments.latent_spread())


@pytest.fixture(scope="module")
def vectors(solvers: list[AttributeSolver]) -> np.ndarray:
    return find_attribute_vectors(solvers)


def test_the_jacobian_has_the_change_that_each_dimension_makes_alone(solvers: list[AttributeSolver]) -> None:
    first = solvers[0]
    for dimension in range(first.step.shape[1]):
        alone = first.step * (np.arange(first.step.shape[1]) == dimension)
        assert np.allclose(first.jacobian[..., dimension], np.nan_to_num(first.effects.shifts(alone)))


def test_found_vectors_score_higher_than_none(solvers: list[AttributeSolver], vectors: np.ndarray) -> None:
    effects = solvers[0].effects
    assert vectors.shape == (len(ATTRIBUTE_MEASURES), *effects.latents.shape[1:])
    found = direction_score(*effects.on_attribute(vectors[REGISTER], REGISTER))
    nothing = direction_score(*effects.on_attribute(0 * vectors[REGISTER], REGISTER))
    assert (found > nothing).sum() >= 4


def test_as_many_moves_are_tried_as_are_announced(
    solvers: list[AttributeSolver], vectors: np.ndarray, decoded: list[int]
) -> None:
    before = attribute_trials(solvers[0].step.shape[1])
    assert decoded[:before] == [40] * before


def test_a_vector_without_its_attributes_moves_them_less(solvers: list[AttributeSolver]) -> None:
    first = solvers[0]
    whole = np.asarray(first.step * np.random.default_rng(0).normal(size=first.step.shape), np.float32)
    before, after = (np.nan_to_num(first.effects.shifts(each)) for each in (whole, first.without_attributes(whole)))
    assert np.abs(after).sum() < np.abs(before).sum()
