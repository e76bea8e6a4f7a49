"""The effect of a move is measured on what the moved latents decode to."""

import numpy as np
import pytest

from pianoroll_vae.desk.direction_effects import DirectionEffects, direction_score
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.labelled_segments import LabelledSegments
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.attributes import ATTRIBUTE_MEASURES
from tests.arranger_dataset import loop_song
from tests.small_arranger import small_arranger_workspace

DENSITY = list(ATTRIBUTE_MEASURES).index("density")


@pytest.fixture(scope="module")
def band(tmp_path_factory: pytest.TempPathFactory) -> Ensemble:
    return load_ensemble(small_arranger_workspace(tmp_path_factory.mktemp("effects")))


@pytest.fixture(scope="module")
def segments(band: Ensemble) -> LabelledSegments:
    return LabelledSegments.encode(band, loop_song(1, 13), np.zeros(0, np.bool_), 30)


@pytest.fixture
def decoded() -> list[int]:
    return []


@pytest.fixture
def effects(band: Ensemble, segments: LabelledSegments, decoded: list[int]) -> DirectionEffects:
    return DirectionEffects(band, segments.latents, segments.attribute_spread(), decoded.append)


def test_without_a_vector_nothing_changes_and_nothing_is_measured(
    effects: DirectionEffects, segments: LabelledSegments, decoded: list[int]
) -> None:
    still = np.zeros(segments.latents.shape[1:], np.float32)
    moves, others = effects.on_attribute(still, DENSITY)
    assert np.isnan(moves).all()
    assert not others.any()
    assert np.isnan(effects.on_genre(still, still)[0]).all()
    assert decoded == [len(segments)] * 2


def test_where_one_instrument_moves_the_others_are_those_of_before(
    effects: DirectionEffects, segments: LabelledSegments
) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=segments.latents.shape[1:]).astype(np.float32)
    alone = vectors * (np.arange(len(vectors)) == 2)[:, None]
    together, single = effects.shifts(vectors), effects.shifts(alone)
    assert np.nan_to_num(together).any(1).sum() > 1
    assert np.allclose(single[2], together[2], equal_nan=True)
    assert not np.nan_to_num(np.delete(single, 2, axis=0)).any()
    moves, others = effects.on_genre(alone, vectors)
    assert np.isfinite(moves).tolist() == [False, False, True, False, False]
    assert not np.delete(others, 2).any()


def test_the_largest_change_of_another_attribute_leaves_the_own_one_out(
    effects: DirectionEffects, segments: LabelledSegments
) -> None:
    vectors = np.full(segments.latents.shape[1:], 0.5, np.float32)
    shift = np.nan_to_num(effects.shifts(vectors))
    moves, others = effects.on_attribute(vectors, DENSITY)
    assert np.allclose(np.nan_to_num(moves), shift[:, DENSITY])
    assert np.allclose(others, np.abs(np.delete(shift, DENSITY, axis=1)).max(1))


def test_a_direction_scores_best_that_moves_by_one_and_nothing_else() -> None:
    scores = direction_score(np.array([1, 0.5, 1, np.nan]), np.array([0, 0, 0.2, 0]))
    assert scores.tolist() == [0, -0.5, pytest.approx(-0.3), -1]
