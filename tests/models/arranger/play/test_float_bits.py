"""Bits of floats in compiled functions are those of numpy's views."""

from typing import Any

import numba
import numpy as np

from pianoroll_vae.models.arranger.play.float_bits import bits_float, float_bits

VALUES = np.array([0.0, -0.0, 1.5, -2.25, 1e-42, -3e38, np.inf, -np.inf], np.float32)


@numba.njit
def both_ways(x: Any, bits: Any, again: Any) -> None:
    for i in range(len(x)):
        bits[i] = float_bits(x[i])
        again[i] = bits_float(bits[i])


def test_bits_are_those_of_a_view_and_become_the_float_again() -> None:
    bits, again = np.empty(len(VALUES), np.int32), np.empty(len(VALUES), np.float32)
    both_ways(VALUES, bits, again)
    assert np.array_equal(bits, VALUES.view(np.int32))
    assert again.tobytes() == VALUES.tobytes()
