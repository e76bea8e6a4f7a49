"""Quick two-sample tests, for claims about what is made of their results: one with all trees takes a second."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pianoroll_vae.listen import two_sample_test


@contextmanager
def with_few_trees() -> Iterator[None]:
    """One cross-validation, with 4 trees instead of 80."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two_sample_test, "MAX_ITER", 4)
        patch.setattr(two_sample_test, "REPEATS", 1)
        yield


@pytest.fixture(scope="module")
def few_trees() -> Iterator[None]:
    """In all tests of a module."""
    with with_few_trees():
        yield
