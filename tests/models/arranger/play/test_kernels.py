"""The compiled kernels compute what PyTorch and numpy compute."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from pianoroll_vae.models.arranger.play import kernels
from pianoroll_vae.models.arranger.play.dot_products import to_blocks
from pianoroll_vae.models.arranger.play.kernels import INPUT_LIMIT, Array, Int8Weight, padded, to_int8
from pianoroll_vae.models.quantization import dequantize_weights, quantize_weights
from tests.models.arranger.play.inner_functions import callable_from_python

quantize, exp, matmul = map(callable_from_python, (kernels.quantize, kernels.exp, kernels.matmul))


def dequantize(weight: Int8Weight, inputs: int) -> Array:
    """(outputs, inputs)"""
    return np.asarray(unpacked(weight)[:, :inputs] * weight.scale[:, None], np.float32)


def unpacked(weight: Int8Weight) -> NDArray[np.int8]:
    """(outputs, inputs), padded"""
    blocks, pairs, _ = weight.values.shape
    rows = weight.values.reshape(blocks, pairs, 8, 2).swapaxes(1, 2).reshape(blocks * 8, pairs * 2)
    before_last = 8 * (blocks - 1)
    return np.concatenate([rows[:before_last], rows[before_last:][before_last - len(weight.scale) :]])


def product(weight: Int8Weight, x: Array) -> Array:
    """x (tokens, inputs) times the weights."""
    out = np.full((len(x), len(weight.scale)), 7, np.float32)
    integers, scale = np.full((len(x), padded(x.shape[1])), 9, np.int16), np.empty(len(x), np.float32)
    kernels.linear(*weight, x, integers, scale, out)
    return out


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_weights_that_were_stored_in_eight_bits_keep_their_values() -> None:
    stored = quantize_weights({"w": noise(61, 71)})
    weight = to_int8(dequantize_weights(stored, {"w": (61, 71)})["w"])
    assert np.array_equal(unpacked(weight)[:, :71], stored["w"])
    assert not unpacked(weight)[:, 71:].any()


def test_quantized_numbers_are_within_half_a_step() -> None:
    x, out = noise(100) * 3, np.full(112, 5, np.int16)
    scale = quantize(x, np.float32(1000), out)
    assert np.abs(out).max() == 1000
    assert out[:100] * scale == pytest.approx(x, abs=0.51 * scale)
    assert not out[100:].any()
    assert quantize(np.zeros(3, np.float32), np.float32(1000), out) == 0
    assert not out.any()


def test_exp_is_right_to_a_few_units_in_the_last_place() -> None:
    x = np.linspace(-86, 86, 5001, dtype=np.float32)
    found = np.array([exp(number) for number in x])
    assert found == pytest.approx(np.exp(x.astype(np.float64)), rel=1e-6)
    assert exp(np.float32(-1000)) < 1e-37


@pytest.mark.parametrize(("outputs", "inputs"), [(8, 4), (17, 32), (96, 50), (64, 2), (33, 15), (9, 40)])
def test_linear_is_a_product_of_matrices(outputs: int, inputs: int) -> None:
    weight, x = to_int8(noise(outputs, inputs)), noise(7, inputs, seed=1)
    assert product(weight, x) == pytest.approx(x @ dequantize(weight, inputs).T, rel=1e-3, abs=1e-3)


def test_the_largest_products_do_not_overflow() -> None:
    inputs = 4096
    weight, x = to_int8(np.ones((9, inputs), np.float32)), np.ones((5, inputs), np.float32)
    assert product(weight, x) == pytest.approx(np.full((5, 9), inputs), rel=1e-3)
    assert product(weight, -x) == pytest.approx(np.full((5, 9), -inputs), rel=1e-3)


@pytest.mark.parametrize("tokens", range(1, 8))
def test_a_token_has_the_same_bits_alone_and_among_others(tokens: int) -> None:
    weight, x = to_int8(noise(43, 54)), noise(tokens, 54, seed=1)
    alone = np.concatenate([product(weight, token[None]) for token in x])
    assert np.array_equal(product(weight, x), alone)


@pytest.mark.parametrize(("outputs", "tokens"), [(43, 7), (8, 1), (19, 2)])
def test_products_are_those_of_integers_to_the_bit(outputs: int, tokens: int) -> None:
    rng, inputs = np.random.default_rng(0), padded(40)
    values = rng.integers(-127, 128, (outputs, inputs)).astype(np.int8)
    x = rng.integers(-INPUT_LIMIT, INPUT_LIMIT, (tokens, inputs)).astype(np.int16)
    scale, x_scale, out = noise(outputs), noise(tokens, seed=1), np.empty((tokens, outputs), np.float32)
    matmul(to_blocks(values), scale, x[:, :inputs], x_scale, out[:, :outputs])
    expected = (x.astype(np.int64) @ values.T.astype(np.int64)).astype(np.float32) * scale * x_scale[:, None]
    assert np.array_equal(out, expected)


def test_gelu_is_that_of_pytorch() -> None:
    x = np.linspace(-9, 9, 999, dtype=np.float32)
    expected = F.gelu(torch.from_numpy(x.copy()), approximate="tanh").numpy()
    kernels.gelu(x)
    assert x == pytest.approx(expected, abs=1e-5)


def test_a_direct_call_gives_what_the_compiled_function_gives() -> None:
    weight, x = to_int8(noise(20, 12)), noise(3, 12, seed=1)
    linear = kernels.DirectCall(kernels.linear)
    for scale in (1, 2, 3):
        out = np.empty((3, 20), np.float32)
        linear(*weight, scale * x, np.empty((3, 12), np.int16), np.empty(3, np.float32), out)
        assert np.array_equal(out, product(weight, scale * x))
