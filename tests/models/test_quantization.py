"""Weights in 8 bits are nearly the weights, in a quarter of the bytes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.models.files import TensorType, dtype_name
from pianoroll_vae.models.quantization import MIN_SIZE, dequantize_weights, quantize_weights, stored_types


@given(st.integers(0, 2**31), st.floats(1e-3, 100))
def test_each_weight_is_within_half_a_step_of_its_row(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    weights = {"large": (rng.standard_normal((2, 40, 64)) * size).astype(np.float32), "bias": np.ones(7, np.float32)}
    shapes = {name: array.shape for name, array in weights.items()}
    stored = quantize_weights(weights)
    assert {name: TensorType(array.shape, dtype_name(array.dtype)) for name, array in stored.items()} == stored_types(
        shapes
    )
    assert stored["large"].dtype == np.int8
    back = dequantize_weights(stored, shapes)
    step = np.abs(weights["large"]).max(-1, keepdims=True) / 127
    assert (np.abs(back["large"] - weights["large"]) <= 0.501 * step).all()
    np.testing.assert_array_equal(back["bias"], weights["bias"])


def test_a_row_of_zeros_stays_one() -> None:
    zeros = {"w": np.zeros((MIN_SIZE // 8, 8), np.float32)}
    back = dequantize_weights(quantize_weights(zeros), {"w": zeros["w"].shape})
    assert not back["w"].any()


def test_small_matrices_are_in_half_precision() -> None:
    small = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    stored = quantize_weights({"w": small})
    assert list(stored) == ["w"]
    assert stored["w"].dtype == np.float16
