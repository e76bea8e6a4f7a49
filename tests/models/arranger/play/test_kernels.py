"""The compiled loops compute what the slow, obvious way computes."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pianoroll_vae.models.arranger.play import kernels
from pianoroll_vae.models.arranger.play.kernels import Array, PackedBF16, pack_bf16
from pianoroll_vae.models.arranger.play.song_state import Attention
from pianoroll_vae.models.arranger.train.layers import attend
from tests.models.arranger.train.test_layers import HEADS, LAYERS, WIDTH, views

CLOSE = {"rtol": 2e-2, "atol": 2e-2}
"""Weights, and what was seen, have eight significant bits."""


def unpaired(pairs: PackedBF16) -> Array:
    """(inputs / 2, outputs) to (outputs, inputs)."""
    numbers = np.stack([pairs << 16, pairs & 0xFFFF0000], 1).astype(np.uint32).view(np.float32)
    return numbers.reshape(-1, pairs.shape[1]).T


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def test_words_are_pairs_of_the_bfloat16_that_pytorch_has() -> None:
    numbers = np.concatenate([noise(1000) * 10.0**power for power in (-30, -3, 0, 3, 30)]).astype(np.float32)
    numbers[:3] = 0, 1.00390625, 1.01171875  # the latter two lie halfway between two bfloat16 numbers
    theirs = torch.from_numpy(numbers).bfloat16().float().numpy()
    assert np.array_equal(unpaired(pack_bf16(numbers.reshape(50, 100))), theirs.reshape(50, 100))
    assert np.array_equal(unpaired(pack_bf16(numbers.reshape(1000, 5)))[:, :5], theirs.reshape(1000, 5))


def test_the_exponential_is_right_to_a_few_units_of_the_last_place() -> None:
    x = np.linspace(-86, 86, 5001, dtype=np.float32)
    mine = np.array([kernels.exp(number) for number in x])
    assert mine == pytest.approx(np.exp(x.astype(np.float64)), rel=1e-6)
    assert kernels.exp(np.float32(-1000)) < 1e-37


@pytest.mark.parametrize(("outputs", "inputs"), [(1, 4), (17, 32), (96, 50), (64, 2), (33, 16)])
def test_products_are_products(outputs: int, inputs: int) -> None:
    weight, x = pack_bf16(noise(outputs, inputs)), noise(inputs, seed=1)
    found = np.full(outputs, 7, np.float32)
    kernels.matvec(weight, x, found)
    assert found == pytest.approx(unpaired(weight) @ x, rel=1e-4, abs=1e-4)


def test_a_product_may_be_of_the_first_inputs_and_outputs_alone() -> None:
    weight, x, found = pack_bf16(noise(20, 30)), noise(30, seed=1), np.empty(7, np.float32)
    kernels.matvec(weight, x[:12], found)
    assert found == pytest.approx(unpaired(weight)[:7, :12] @ x[:12], rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("tokens", range(1, 6))
def test_products_side_by_side_are_those_of_each_alone_to_the_bit(tokens: int) -> None:
    weight, x = pack_bf16(noise(40, 54)), noise(tokens, 54, seed=1)
    found, alone = np.empty((tokens, 40), np.float32), np.empty((tokens, 40), np.float32)
    kernels.matmul(weight, x, found)
    for token in range(tokens):
        kernels.matvec(weight, x[token], alone[token])
    assert np.array_equal(found, alone)


def test_bending_is_gelu() -> None:
    x = np.linspace(-9, 9, 999, dtype=np.float32)
    theirs = F.gelu(torch.from_numpy(x.copy()), approximate="tanh").numpy()
    kernels.gelu(x)
    assert x == pytest.approx(theirs, abs=1e-5)


def attention(size: int, layers: int = LAYERS) -> Attention:
    return Attention.of({name: view.numpy() for name, view in views().items()}, "x.", layers, HEADS, size)


def shown(attention: Attention, x: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """x (tokens, width) token by token."""
    kv_cache, found = attention.empty_kv_cache(), x.numpy().copy()
    for token, at in zip(found, time.numpy(), strict=True):
        kernels.forward_tokens(
            attention.layers, kv_cache, attention.speed, np.zeros(1, np.int64), token[None], at[None]
        )
    return torch.from_numpy(found)


def song(tokens: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens (tokens, width) and their times (tokens,)."""
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(tokens, WIDTH, generator=rng), torch.randint(0, 5, (tokens,), generator=rng).cumsum(0)


def test_token_by_token_and_all_at_once_are_the_same() -> None:
    x, time = song(40, 1)
    theirs = attend(views(), "x.", LAYERS, HEADS, x[None], time[None])[0]
    torch.testing.assert_close(shown(attention(48), x, time), theirs, **CLOSE)


def test_a_full_ring_forgets_the_oldest() -> None:
    """A single layer sees the last tokens alone; deeper ones also what those had seen."""
    x, time = song(30, 3)
    found = shown(attention(8, 1), x, time)
    for i in range(30):
        begin = max(i - 7, 0)
        alone = attend(views(), "x.", 1, HEADS, x[None, begin : i + 1], time[None, begin : i + 1])[0, -1]
        torch.testing.assert_close(found[i], alone, **CLOSE)


def test_what_is_made_of_a_song_does_not_depend_on_those_beside_it() -> None:
    attended, (x, time) = attention(8), song(12, 4)
    alone, songs = shown(attended, x, time).numpy(), np.array([2, 0, 1])
    kv_cache = kernels.empty_kv_cache(3, LAYERS, HEADS, WIDTH // HEADS, 8)
    for token in range(12):
        three = np.stack([x[token].numpy()] * 3)
        kernels.forward_tokens(
            attended.layers, kv_cache, attended.speed, songs, three, np.repeat(time[token].numpy(), 3)
        )
        assert np.array_equal(three, np.stack([alone[token]] * 3))


def chosen_plainly(scores: np.ndarray, temperature: float, number: float, min_p: float, spared: int) -> int:
    if temperature <= 0:
        return int(scores.argmax())
    likelihood = np.exp((scores.astype(float) - scores.max()) / temperature)
    likelihood[(likelihood < min_p) & (np.arange(len(scores)) != spared)] = 0
    heap = np.cumsum(likelihood)
    return int(np.searchsorted(heap, number * heap[-1], side="right"))


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0, 1.6])
@pytest.mark.parametrize(("min_p", "spared"), [(0.0, -1), (0.2, -1), (0.2, 3)])
def test_choices_are_those_of_the_plain_way(temperature: float, min_p: float, spared: int) -> None:
    scores = noise(9, seed=4)
    scores[2] = -np.inf
    for number in np.linspace(0, 0.999, 50):
        mine = kernels.choose(scores, temperature, number, min_p, spared)
        assert mine == chosen_plainly(scores, temperature, number, min_p, spared)


def test_the_far_tail_is_left_out_but_for_the_one_that_is_spared() -> None:
    scores, numbers = np.log(np.array([0.9, 0.06, 0.02, 0.02], np.float32)), np.linspace(0, 0.9999, 2000)
    assert {kernels.choose(scores, 1.0, number, 0.05, -1) for number in numbers} == {0, 1}
    assert {kernels.choose(scores, 1.0, number, 0.05, 3) for number in numbers} == {0, 1, 3}
