"""Our Adam is that of PyTorch, and its state before the first step is the one that PyTorch makes at it."""

import pytest
import torch
from torch import nn

from pianoroll_vae.models.training.adam import Adam, AdamW, adam_state


@pytest.mark.parametrize("fused", [False, True])
def test_steps_from_the_state_made_here_are_those_of_a_new_optimizer(fused: bool) -> None:
    torch.manual_seed(0)
    start, found = torch.randn(3, 50), []
    gradients = torch.randn(5, 3, 50)
    for prepare in (False, True):
        parameter = nn.Parameter(start.clone())
        optimizer = Adam([parameter], lr=1e-2, weight_decay=1e-2, fused=fused)
        if prepare:
            assert set(adam_state(optimizer, ["w"])) == {"w/step", "w/exp_avg", "w/exp_avg_sq"}
        for gradient in gradients:
            parameter.grad = gradient.clone()
            optimizer.step()
        found.append(parameter.detach())
        assert float(adam_state(optimizer, ["w"])["w/step"]) == 5
    assert torch.equal(found[0], found[1])


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(("ours", "theirs"), [(Adam, torch.optim.Adam), (AdamW, torch.optim.AdamW)])
def test_the_optimizers_are_those_of_pytorch_bit_for_bit(
    ours: type[torch.optim.Adam], theirs: type[torch.optim.Adam], fused: bool
) -> None:
    torch.manual_seed(0)
    start, found = torch.randn(3, 50), []
    for kind in (ours, theirs):
        parameter = nn.Parameter(start.clone())
        optimizer = kind([{"params": [parameter]}], lr=1e-2, weight_decay=1e-2, fused=fused)
        for _ in range(5):
            optimizer.zero_grad()
            parameter.sin().sum().backward()
            optimizer.step()
        found.append(parameter.detach())
    assert not torch.equal(start, found[0])
    assert torch.equal(found[0], found[1])
