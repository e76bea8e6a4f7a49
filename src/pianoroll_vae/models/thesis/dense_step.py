"""One training pass of small stacked dense networks, by hand: squared error and gradients in a score of calls.

Networks of this size finish their arithmetic before PyTorch has written its tape, so nothing is recorded and nothing
allocated. Knows nothing of pairs, optimisers or epochs.
"""

import torch
from torch import Tensor

from pianoroll_vae.models.training.weights import Weights


class DenseStep:
    """Gradients of `weights` (layers `0.weight`, `0.bias`, …) for batches of one size."""

    def __init__(self, weights: Weights, batch: int) -> None:
        self.gradient = torch.zeros_like(weights.flat)
        views, gradients = weights.views(), weights.views(self.gradient)
        depth = len(views) // 2
        self._weights = [views[f"{layer}.weight"] for layer in range(depth)]
        self._turned = [weight.transpose(1, 2) for weight in self._weights]
        self._biases = [views[f"{layer}.bias"].unsqueeze(1) for layer in range(depth)]
        self._weight_gradients = [gradients[f"{layer}.weight"] for layer in range(depth)]
        self._bias_gradients = [gradients[f"{layer}.bias"] for layer in range(depth)]
        rows = len(weights.instruments)
        self._hidden = [torch.empty(rows, batch, weight.shape[2]) for weight in self._weights]
        self._back = [torch.empty_like(hidden) for hidden in self._hidden]
        self._scale = 2 / (batch * self._weights[-1].shape[2])
        self._squared = torch.empty(rows, batch, self._weights[-1].shape[2])

    def __call__(self, heard: Tensor, wanted: Tensor, kept: Tensor | None) -> Tensor:
        """heard (instruments, batch, inputs), wanted (instruments, batch, outputs); kept (instruments, batch, hidden):
        what dropout multiplies the first hidden layer with, or None. Fills `gradient` with that of the mean squared
        error; returns the squared errors (instruments, batch, outputs), overwritten by the next call."""
        hidden, back, last = self._hidden, self._back, len(self._hidden) - 1
        below = heard
        for layer in range(last + 1):
            torch.baddbmm(self._biases[layer], below, self._weights[layer], out=hidden[layer])
            below = hidden[layer]
            if layer < last:
                below.relu_()
            if layer == 0 and kept is not None:
                below.mul_(kept)
        told = torch.sub(below, wanted, out=back[last])
        torch.mul(told, told, out=self._squared)
        told.mul_(self._scale)
        for layer in range(last, -1, -1):
            below = hidden[layer - 1] if layer else heard
            torch.bmm(below.transpose(1, 2), told, out=self._weight_gradients[layer])
            torch.sum(told, 1, out=self._bias_gradients[layer])
            if layer:
                told = torch.bmm(told, self._turned[layer], out=back[layer - 1])
                torch.ops.aten.threshold_backward.grad_input(told, below, 0, grad_input=told)
                if layer == 1 and kept is not None:
                    told.mul_(kept)
        return self._squared
