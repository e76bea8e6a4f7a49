"""Attention as PyTorch's own kernel computes it, and clocks that tell how long ago something was."""

import pytest
import torch
from torch.nn import functional as F

from pianoroll_vae.models.arranger.parameters import layer_specs
from pianoroll_vae.models.arranger.train.layers import attend, clocks, looked_back, turned
from pianoroll_vae.models.training.weights import Weights

WIDTH, HEADS, LAYERS = 16, 2, 3


def views(seed: int = 0) -> dict[str, torch.Tensor]:
    weights = Weights.fresh(("all",), layer_specs("x.", LAYERS, WIDTH), seed)
    return {name: view[0] for name, view in weights.views().items()}


@pytest.mark.parametrize("tokens", [1, 5, 127, 128, 129, 300])
def test_attention_by_blocks_is_pytorchs_causal_attention(tokens: int) -> None:
    torch.manual_seed(tokens)
    query, key, value = torch.randn(3, 2, 3, tokens, 8)
    theirs = F.scaled_dot_product_attention(query, key, value, is_causal=True)
    torch.testing.assert_close(looked_back(query, key, value), theirs)


def test_its_gradients_are_pytorchs_too() -> None:
    torch.manual_seed(0)
    ours, theirs = (torch.randn(3, 1, 2, 150, 8).requires_grad_() for _ in range(2))
    theirs.data.copy_(ours.data)
    toward = torch.randn(1, 2, 150, 8)
    (looked_back(*ours) * toward).sum().backward()
    (F.scaled_dot_product_attention(*theirs, is_causal=True) * toward).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_a_token_sees_nothing_that_comes_later() -> None:
    torch.manual_seed(0)
    x, time = torch.randn(2, 200, WIDTH), torch.arange(200).expand(2, -1)
    other = x.clone()
    other[:, 140:] = torch.randn(2, 60, WIDTH)
    one, two = (attend(views(), "x.", LAYERS, HEADS, part, time) for part in (x, other))
    torch.testing.assert_close(one[:, :140], two[:, :140])
    assert not torch.allclose(one[:, 140:], two[:, 140:])


def test_only_how_long_ago_something_was_matters() -> None:
    torch.manual_seed(0)
    x = torch.randn(1, 40, WIDTH)
    time = torch.randint(0, 4, (1, 40)).cumsum(1)
    early, late = (attend(views(), "x.", LAYERS, HEADS, x, time + begin) for begin in (0, 1000))
    torch.testing.assert_close(early, late, rtol=1e-3, atol=1e-4)
    assert not torch.allclose(early, attend(views(), "x.", LAYERS, HEADS, x, 3 * time))


def test_turning_changes_no_length() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 10, 8)
    same = turned(x, clocks(torch.arange(10).expand(2, -1) * 7, 8))
    torch.testing.assert_close(same.norm(dim=-1), x.norm(dim=-1))
    assert torch.equal(turned(x, clocks(torch.zeros(2, 10), 8)), x)
