"""Adam over one flat block of weights: PyTorch's fused kernel, one call a step, and its memory in the open.

`torch.optim.Adam` computes the same and spends more time on its books than a small network needs for its step. Knows
nothing of what the weights mean.
"""

import torch
from torch import Tensor


class Adam:
    """Weights (instruments, parameters). `first` and `second` are the moments, `steps` (instruments,) says how often
    each row has moved; together all that a resumed run needs."""

    def __init__(self, weights: Tensor, learning_rate: float, weight_decay: float = 0.0) -> None:
        self.weights = weights
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.first = torch.zeros_like(weights)
        self.second = torch.zeros_like(weights)
        self.steps = torch.zeros(len(weights), device=weights.device)

    def step(self, gradient: Tensor) -> None:
        """Move all rows, which have moved equally often, against `gradient` (of the weights' shape)."""
        self.steps += 1
        self._move(self.weights, gradient, self.first, self.second, self.steps[0])

    def step_row(self, row: int, gradient: Tensor) -> None:
        """Move one row against `gradient` (parameters,)."""
        self.steps[row] += 1
        self._move(self.weights[row], gradient, self.first[row], self.second[row], self.steps[row])

    def _move(self, weights: Tensor, gradient: Tensor, first: Tensor, second: Tensor, steps: Tensor) -> None:
        """Weight decay is added to the gradient, as L2."""
        torch._fused_adam_(
            [weights],
            [gradient],
            [first],
            [second],
            [],
            [steps],
            lr=self.learning_rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=self.weight_decay,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )
