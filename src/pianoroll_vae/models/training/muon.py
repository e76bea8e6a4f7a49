"""Muon, an optimiser for the matrices of hidden layers: momentum, with all of its singular values made nearly equal.

After Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024. `torch.optim.Muon` computes in
bfloat16 alone, which a processor without instructions for it emulates thirty times slower than float32.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
"""Nesterov's."""

ITERATIONS = 5

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the polynomial that each iteration applies to the singular values: from 0 to 1, they end between 0.7 and 1.2 or,
where they were less than a thousandth, below."""


class Muon:
    """Of matrices (outputs, inputs)."""

    def __init__(self, matrices: Mapping[str, nn.Parameter], precision: torch.dtype = torch.float32) -> None:
        """matrices: by name, for the state; there may be none. precision: of the matrix products."""
        self.matrices, self.precision = matrices, precision
        self.state = {f"{name}/momentum": torch.zeros_like(matrix) for name, matrix in matrices.items()}
        """The tensors themselves, for `Trainer.optimizer_state`."""

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Update all matrices by their gradients. The largest singular value of an update of a matrix that is not tall
        is the learning rate, roughly."""
        for (name, matrix), momentum in zip(self.matrices.items(), self.state.values(), strict=True):
            gradient = matrix.grad
            if gradient is None:
                raise ValueError(f"no gradient of {name}")
            momentum.lerp_(gradient, 1 - MOMENTUM)
            update = orthogonalize(gradient.lerp(momentum, MOMENTUM), self.precision)
            outputs, inputs = matrix.shape
            matrix.add_(update, alpha=-learning_rate * math.sqrt(max(1, outputs / inputs)))


def orthogonalize(matrix: Tensor, precision: torch.dtype = torch.float32) -> Tensor:
    """The matrix with singular values of nearly 1, by Newton and Schulz's iteration. The shorter side comes first, so
    that products are small."""
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if is_tall else matrix).to(precision)
    x = x / x.norm().clamp(min=1e-7)
    a, b, c = COEFFICIENTS
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.T if is_tall else x).to(matrix.dtype)
