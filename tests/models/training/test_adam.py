"""The optimiser is PyTorch's Adam."""

import torch

from pianoroll_vae.models.training.adam import Adam


def test_steps_are_those_of_torch_optim_adam() -> None:
    torch.manual_seed(0)
    ours = torch.randn(3, 50)
    theirs = ours.clone().requires_grad_()
    adam = Adam(ours, learning_rate=1e-2, weight_decay=1e-2)
    reference = torch.optim.Adam([theirs], lr=1e-2, weight_decay=1e-2)
    for number in range(20):
        gradient = torch.randn(3, 50)
        theirs.grad = gradient.clone()
        if number % 2:
            adam.step(gradient)
        else:
            for row in range(3):
                adam.step_row(row, gradient[row])
        reference.step()
    torch.testing.assert_close(ours, theirs.detach())
