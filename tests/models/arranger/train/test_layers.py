"""Attention as PyTorch's own kernel computes it, and rotary position embeddings."""

import pytest
import torch
from torch.nn import functional as F

from pianoroll_vae.models.arranger.parameters import NOTE_PERIODS, layer_specs
from pianoroll_vae.models.arranger.train.layers import Transformer, causal_attention, rotary_embedding, rotate
from pianoroll_vae.models.arranger.train.trainer import load_weights
from pianoroll_vae.models.training.weights import Weights

WIDTH, HEADS, LAYERS = 16, 2, 3


def trained_transformer(layers: int = LAYERS, kv_heads: int = HEADS) -> Transformer:
    network = Transformer(layers, WIDTH, HEADS, NOTE_PERIODS, kv_heads)
    specs = layer_specs("", layers, WIDTH, WIDTH // HEADS * kv_heads)
    return load_weights(network, Weights.fresh(("all",), specs, 0)).requires_grad_(False)


@pytest.mark.parametrize("tokens", [1, 5, 127, 128, 129, 300])
def test_attention_in_blocks_is_pytorchs_causal_attention(tokens: int) -> None:
    torch.manual_seed(tokens)
    query, key, value = torch.randn(3, 2, 3, tokens, 8)
    expected = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    torch.testing.assert_close(causal_attention(query, key, value), expected)


def test_heads_share_keys_and_values_as_in_pytorchs_grouped_attention() -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(2, 6, 150, 8), torch.randn(2, 2, 150, 8), torch.randn(2, 2, 150, 8)
    expected = F.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=True)
    torch.testing.assert_close(causal_attention(query, key, value), expected)


def test_gradients_of_attention_in_blocks_are_pytorchs() -> None:
    torch.manual_seed(0)
    ours = torch.randn(3, 1, 2, 150, 8).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    weight = torch.randn(1, 2, 150, 8)
    (causal_attention(*ours) * weight).sum().backward()
    query, key, value = theirs
    (F.scaled_dot_product_attention(query, key, value, is_causal=True) * weight).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_a_token_attends_to_no_later_token() -> None:
    torch.manual_seed(0)
    x, time = torch.randn(2, 200, WIDTH), torch.arange(200).expand(2, -1)
    changed = x.clone()
    changed[:, 140:] = torch.randn(2, 60, WIDTH)
    one, other = (trained_transformer()(part, time) for part in (x, changed))
    torch.testing.assert_close(one[:, :140], other[:, :140])
    assert not torch.allclose(one[:, 140:], other[:, 140:])


def test_only_differences_of_times_matter() -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 40, WIDTH)
    time = torch.randint(0, 4, (1, 40)).cumsum(1)
    early, late = (trained_transformer()(x, time + begin) for begin in (0, 1000))
    torch.testing.assert_close(early, late, rtol=1e-3, atol=1e-4)
    assert not torch.allclose(early, trained_transformer()(x, 3 * time))


def test_rotation_keeps_lengths_and_time_zero_rotates_nothing() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 10, 8)
    rotated = rotate(x, rotary_embedding(torch.arange(10).expand(2, -1) * 7, 8, NOTE_PERIODS))
    torch.testing.assert_close(rotated.norm(dim=-1), x.norm(dim=-1))
    assert torch.equal(rotate(x, rotary_embedding(torch.zeros(2, 10), 8, NOTE_PERIODS)), x)


def test_the_first_and_last_angles_turn_once_in_the_shortest_and_longest_period() -> None:
    for place, period in ((0, 5.0), (-1, 80.0)):
        cosine, sine = rotary_embedding(torch.tensor([[period, period / 4]]), 8, (5.0, 80.0))
        torch.testing.assert_close(cosine[0, :, place], torch.tensor([1.0, 0.0]), atol=1e-5, rtol=0)
        torch.testing.assert_close(sine[0, :, place], torch.tensor([0.0, 1.0]), atol=1e-5, rtol=0)
