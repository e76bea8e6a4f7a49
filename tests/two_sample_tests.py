"""Quick two-sample tests, for claims about what is made of their results: one with all trees takes a second, and each
fold takes a twentieth of one, as scikit-learn prepares every feature for it."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pianoroll_vae.listen import two_sample_test


@contextmanager
def with_few_trees(trees: int = 4, repeats: int = 1, folds: int = 2) -> Iterator[None]:
    """Fewer cross-validations than 3, of fewer folds than 5, with fewer trees than 80."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two_sample_test, "MAX_ITER", trees)
        patch.setattr(two_sample_test, "REPEATS", repeats)
        patch.setattr(two_sample_test, "FOLDS", folds)
        yield


@pytest.fixture(scope="module")
def few_trees() -> Iterator[None]:
    """In all tests of a module."""
    with with_few_trees():
        yield
