"""Adam over one flat block of weights: PyTorch's fused kernel, one call a step, and its memory in the open.

`torch.optim.Adam` computes the same and spends more time on its books than a small network needs for its step. Knows
nothing of what the weights mean.
"""

import torch
from torch import Tensor


class Adam:
    """`first` and `second` are the moments, `steps` how often it has moved; together all a resumed run needs."""

    def __init__(self, weights: Tensor, learning_rate: float, weight_decay: float = 0.0) -> None:
        self.weights = weights
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.first = torch.zeros_like(weights)
        self.second = torch.zeros_like(weights)
        self.steps = torch.zeros((), device=weights.device)

    def step(self, gradient: Tensor) -> None:
        """Move the weights against `gradient` (of their shape); weight decay is added to the gradient, as L2."""
        self.steps += 1
        torch._fused_adam_(
            [self.weights],
            [gradient],
            [self.first],
            [self.second],
            [],
            [self.steps],
            lr=self.learning_rate,
            beta1=0.9,
            beta2=0.999,
            weight_decay=self.weight_decay,
            eps=1e-8,
            amsgrad=False,
            maximize=False,
        )
