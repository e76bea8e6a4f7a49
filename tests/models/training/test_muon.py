"""Muon makes singular values equal, has Nesterov's momentum, and continues from its state."""

import pytest
import torch
from torch import nn

from pianoroll_vae.models.training.muon import MOMENTUM, Muon, orthogonalize


@pytest.mark.parametrize("shape", [(64, 16), (16, 64), (32, 32), (1, 8)])
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_all_singular_values_become_nearly_one(shape: tuple[int, int], precision: torch.dtype) -> None:
    torch.manual_seed(0)
    left, sizes, right = torch.linalg.svd(torch.randn(shape), full_matrices=False)
    matrix = left * torch.linspace(1, 100, len(sizes)) @ right
    found = torch.linalg.svdvals(orthogonalize(matrix, precision))
    assert float(found.min()) > 0.6
    assert float(found.max()) < 1.3


def test_a_gradient_of_zeros_is_no_update() -> None:
    assert torch.equal(orthogonalize(torch.zeros(3, 5)), torch.zeros(3, 5))


def test_singular_vectors_stay() -> None:
    torch.manual_seed(0)
    left, _, right = torch.linalg.svd(torch.randn(24, 8), full_matrices=False)
    rotated = left.T @ orthogonalize(left * torch.linspace(1, 10, 8) @ right) @ right.T
    assert torch.allclose(rotated, torch.diag(rotated.diag()), atol=1e-5)
    assert bool((rotated.diag() > 0).all())


@pytest.mark.parametrize(("shape", "scale"), [((8, 2), 2.0), ((2, 8), 1.0)])
def test_steps_follow_nesterov_s_momentum(shape: tuple[int, int], scale: float) -> None:
    torch.manual_seed(0)
    first, second = torch.randn(2, *shape)
    matrix = nn.Parameter(torch.zeros(shape))
    muon = Muon({"w": matrix})
    expected = torch.zeros(shape)
    for gradient, update in ((first, first), (second, second + MOMENTUM * (second + MOMENTUM * first))):
        matrix.grad = gradient
        muon.step(0.1)
        expected -= 0.1 * scale * orthogonalize(update)
        assert torch.allclose(matrix, expected, atol=1e-6)


def test_a_step_is_as_large_however_large_the_gradient_is() -> None:
    torch.manual_seed(0)
    gradient, moved = torch.randn(16, 16), []
    for factor in (1e-4, 1.0, 1e4):
        matrix = nn.Parameter(torch.zeros(16, 16))
        matrix.grad = factor * gradient
        Muon({"w": matrix}).step(0.1)
        moved.append(matrix.detach())
    assert torch.allclose(moved[0], moved[1], atol=1e-6)
    assert torch.allclose(moved[2], moved[1], atol=1e-6)


def test_a_copy_of_the_state_continues_to_the_same_bits() -> None:
    torch.manual_seed(0)
    gradients, whole = torch.randn(4, 8, 8), nn.Parameter(torch.zeros(8, 8))
    first = Muon({"w": whole})
    for gradient in gradients[:2]:
        whole.grad = gradient
        first.step(0.1)
    resumed = nn.Parameter(whole.detach().clone())
    second = Muon({"w": resumed})
    second.state["w/momentum"].copy_(first.state["w/momentum"])
    for gradient in gradients[2:]:
        for matrix, muon in ((whole, first), (resumed, second)):
            matrix.grad = gradient
            muon.step(0.1)
    assert torch.equal(whole, resumed)


def test_there_may_be_no_matrices() -> None:
    Muon({}).step(0.1)
