import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.desk.mixing import interpolate_latents


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_latents_interpolated_on_the_sphere_keep_their_norm(seed: int, t: float) -> None:
    chance = np.random.default_rng(seed)
    one, other = chance.standard_normal((2, 3, 2, 8), np.float32)
    one, other = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (one, other))
    way = interpolate_latents(one, other, np.full(3, t, np.float32))
    assert np.linalg.norm(way, axis=-1) == pytest.approx(1, abs=1e-3)
    assert np.array_equal(interpolate_latents(one, other, np.zeros(3, np.float32)), one)
    assert np.array_equal(interpolate_latents(one, other, np.ones(3, np.float32)), other)
    assert interpolate_latents(one, one, np.full(3, t, np.float32)) == pytest.approx(one, abs=1e-6)
