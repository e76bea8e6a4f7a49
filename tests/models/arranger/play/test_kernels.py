"""The compiled kernels compute what PyTorch and numpy compute."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pianoroll_vae.models.arranger.play import kernels
from pianoroll_vae.models.arranger.play.kernels import Array, PackedBF16, pack_bf16


def unpack_bf16(packed: PackedBF16) -> Array:
    """(inputs / 2, outputs) to (outputs, inputs)."""
    numbers = np.stack([packed << 16, packed & 0xFFFF0000], 1).astype(np.uint32).view(np.float32)
    return numbers.reshape(-1, packed.shape[1]).T


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_packed_numbers_are_rounded_as_pytorch_rounds_to_bfloat16() -> None:
    numbers = np.concatenate([noise(1000) * 10.0**power for power in (-30, -3, 0, 3, 30)]).astype(np.float32)
    numbers[:3] = 0, 1.00390625, 1.01171875  # the latter two lie halfway between two bfloat16 numbers
    expected = torch.from_numpy(numbers).bfloat16().float().numpy()
    assert np.array_equal(unpack_bf16(pack_bf16(numbers.reshape(50, 100))), expected.reshape(50, 100))
    assert np.array_equal(unpack_bf16(pack_bf16(numbers.reshape(1000, 5)))[:, :5], expected.reshape(1000, 5))


def test_exp_is_right_to_a_few_units_in_the_last_place() -> None:
    x = np.linspace(-86, 86, 5001, dtype=np.float32)
    found = np.array([kernels.exp(number) for number in x])
    assert found == pytest.approx(np.exp(x.astype(np.float64)), rel=1e-6)
    assert kernels.exp(np.float32(-1000)) < 1e-37


@pytest.mark.parametrize(("outputs", "inputs"), [(1, 4), (17, 32), (96, 50), (64, 2), (33, 16)])
def test_matvec_is_a_matrix_vector_product(outputs: int, inputs: int) -> None:
    weight, x = pack_bf16(noise(outputs, inputs)), noise(inputs, seed=1)
    out = np.full(outputs, 7, np.float32)
    kernels.matvec(weight, x, out)
    assert out == pytest.approx(unpack_bf16(weight) @ x, rel=1e-4, abs=1e-4)


def test_matvec_takes_the_first_inputs_and_outputs_alone() -> None:
    weight, x, out = pack_bf16(noise(20, 30)), noise(30, seed=1), np.empty(7, np.float32)
    kernels.matvec(weight, x[:12], out)
    assert out == pytest.approx(unpack_bf16(weight)[:7, :12] @ x[:12], rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("tokens", range(1, 6))
def test_matmul_is_matvec_of_each_row_to_the_bit(tokens: int) -> None:
    weight, x = pack_bf16(noise(40, 54)), noise(tokens, 54, seed=1)
    out, alone = np.empty((tokens, 40), np.float32), np.empty((tokens, 40), np.float32)
    kernels.matmul(weight, x, out)
    for token in range(tokens):
        kernels.matvec(weight, x[token], alone[token])
    assert np.array_equal(out, alone)


def test_gelu_is_that_of_pytorch() -> None:
    x = np.linspace(-9, 9, 999, dtype=np.float32)
    expected = F.gelu(torch.from_numpy(x.copy()), approximate="tanh").numpy()
    kernels.gelu(x)
    assert x == pytest.approx(expected, abs=1e-5)
