"""Interpolated latents, and the nearest ones of another song."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.models.thesis.latent_mixing import interpolate_latents, nearest_of_style


@given(st.integers(0, 2**32), st.floats(0, 1))
def test_latents_interpolated_on_the_sphere_keep_their_norm(seed: int, t: float) -> None:
    rng = np.random.default_rng(seed)
    one, other = rng.standard_normal((2, 3, 2, 8), np.float32)
    one, other = (x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (one, other))
    way = interpolate_latents(one, other, np.full(3, t, np.float32))
    assert np.linalg.norm(way, axis=-1) == pytest.approx(1, abs=1e-3)
    assert np.array_equal(interpolate_latents(one, other, np.zeros(3, np.float32)), one)
    assert np.array_equal(interpolate_latents(one, other, np.ones(3, np.float32)), other)
    assert interpolate_latents(one, one, np.full(3, t, np.float32)) == pytest.approx(one, abs=1e-6)


def test_each_instrument_moves_toward_what_it_plays_itself_in_the_style() -> None:
    latents = np.zeros((1, 2, 3), np.float32)
    style = np.array([[[5, 0, 0], [1, 1, 1]], [[2, 0, 0], [9, 9, 9]]], np.float32)
    phrases = np.zeros((2, 2, 4, 128), np.uint8)
    phrases[:, 0, 0, 60] = 80  # the second instrument never plays in the style
    assert nearest_of_style(latents, style, phrases).tolist() == [[[2, 0, 0], [0, 0, 0]]]
