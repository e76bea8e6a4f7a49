"""Forward and backward pass of small stacked dense networks, by hand, in about twenty calls.

Recording the graph takes autograd longer than networks of this size compute. tests/bench/price_list.py measures what
this gains; the tests compare it with autograd.
"""

import torch
from torch import Tensor

from pianoroll_vae.models.training.weights import Weights


class DenseStep:
    """Gradients of `weights` (layers `0.weight`, `0.bias`, …) for batches of one size, in buffers that are reused."""

    def __init__(self, weights: Weights, batch: int) -> None:
        self.gradient = torch.zeros_like(weights.flat)
        views, gradients = weights.views(), weights.views(self.gradient)
        depth = len(views) // 2
        self._weights = [views[f"{layer}.weight"] for layer in range(depth)]
        self._transposed = [weight.transpose(1, 2) for weight in self._weights]
        self._biases = [views[f"{layer}.bias"].unsqueeze(1) for layer in range(depth)]
        self._weight_gradients = [gradients[f"{layer}.weight"] for layer in range(depth)]
        self._bias_gradients = [gradients[f"{layer}.bias"] for layer in range(depth)]
        rows = len(weights.instruments)
        self._activations = [torch.empty(rows, batch, weight.shape[2]) for weight in self._weights]
        self._activation_gradients = [torch.empty_like(activation) for activation in self._activations]
        self._scale = 2 / (batch * self._weights[-1].shape[2])
        self._squared = torch.empty(rows, batch, self._weights[-1].shape[2])

    def __call__(self, inputs: Tensor, targets: Tensor, dropout: Tensor | None) -> Tensor:
        """Fill `gradient` with that of the mean squared error.

        inputs: (instruments, batch, inputs); targets: (instruments, batch, outputs); dropout: what the first hidden
        layer is multiplied with, (instruments, batch, hidden), or None. Returns the squared errors (instruments, batch,
        outputs), which the next call overwrites.
        """
        activations, gradients, last = self._activations, self._activation_gradients, len(self._activations) - 1
        below = inputs
        for layer in range(last + 1):
            torch.baddbmm(self._biases[layer], below, self._weights[layer], out=activations[layer])
            below = activations[layer]
            if layer < last:
                below.relu_()
            if layer == 0 and dropout is not None:
                below.mul_(dropout)
        gradient = torch.sub(below, targets, out=gradients[last])
        torch.mul(gradient, gradient, out=self._squared)
        gradient.mul_(self._scale)
        for layer in range(last, -1, -1):
            below = activations[layer - 1] if layer else inputs
            torch.bmm(below.transpose(1, 2), gradient, out=self._weight_gradients[layer])
            torch.sum(gradient, 1, out=self._bias_gradients[layer])
            if layer:
                gradient = torch.bmm(gradient, self._transposed[layer], out=gradients[layer - 1])
                torch.ops.aten.threshold_backward.grad_input(gradient, below, 0, grad_input=gradient)
                if layer == 1 and dropout is not None:
                    gradient.mul_(dropout)
        return self._squared
