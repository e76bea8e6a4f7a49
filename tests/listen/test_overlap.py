import numpy as np
import pytest

from pianoroll_vae.listen.overlap import BINS, histogram, overlaps
from pianoroll_vae.music.measures.excerpt import UNDEFINED


def test_a_set_overlaps_itself_wholly() -> None:
    values = np.random.default_rng(0).normal(5, 1, (500, 3)).astype(np.float32)
    values[:100, 1] = UNDEFINED
    values[:, 2] = 7
    assert overlaps(values, values).tolist() == pytest.approx([1, 1, 1])


def test_disjoint_sets_do_not_overlap() -> None:
    low, high = np.zeros(50, np.float32), np.ones(80, np.float32)
    assert histogram(low, high).overlap == 0
    assert histogram(np.full(50, UNDEFINED, np.float32), high).overlap == 0


def test_the_overlap_of_uniform_distributions_is_their_common_interval() -> None:
    one = np.linspace(0, 1, 20_000, dtype=np.float32)
    assert histogram(one, one + 0.25).overlap == pytest.approx(0.75, abs=0.02)


def test_samples_of_one_distribution_overlap_nearly_wholly_whatever_their_sizes() -> None:
    rng = np.random.default_rng(1)
    one, other = (rng.gamma(2, 1, size).astype(np.float32) for size in (2000, 3000))
    assert histogram(one, other).overlap > 0.93


def test_undefined_values_have_a_bin_of_their_own() -> None:
    one = np.array([UNDEFINED, UNDEFINED, 1, 2], np.float32)
    other = np.array([UNDEFINED, 1, 2, 2], np.float32)
    shares = histogram(one, other)
    assert shares.undefined.tolist() == [0.5, 0.25]
    assert shares.shares.shape == (2, BINS)
    assert shares.overlap == 0.25 + 0.25 + 0.25


def test_outliers_do_not_widen_the_bins() -> None:
    values = np.random.default_rng(2).random(1000).astype(np.float32)
    values[0] = 1e6
    assert histogram(values, values).edges[-1] < 1.1


def test_a_feature_that_is_nowhere_defined_overlaps_wholly() -> None:
    nothing = np.full(5, UNDEFINED, np.float32)
    assert histogram(nothing, nothing).overlap == 1
