"""The VAE of one instrument as PyTorch modules.

Every convolution of the thesis has stride = kernel, so each is a reshape and a linear layer; `PatchOrder` arranges the
cells so that the reshapes copy nothing.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class PatchLinear(nn.Module):
    """A linear layer over the last `inputs` numbers: weight (inputs, outputs), bias (channels,).

    A transposed convolution has one bias a channel for all cells of its kernel: the bias is repeated up to `outputs`.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)

    def forward(self, x: Tensor) -> Tensor:
        """(batch · n · inputs numbers, any shape) to (batch · n, outputs)."""
        inputs, outputs = self.weight.shape
        return torch.addmm(self.bias.repeat(outputs // len(self.bias)), x.reshape(-1, inputs), self.weight)


class Vae(nn.Module):
    """Encoder, decoder and the likelihood's log_sigma. Parameters have the names and the storage of `tensors`."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        # Tensors of one block share its version counter. `data` gives each parameter its own: autograd would otherwise
        # take an update of another instrument's network, in another thread, for an update of this one.
        tensors = {name: tensor.data for name, tensor in tensors.items()}

        def layers(side: str) -> nn.ModuleList:
            count = sum(name.startswith(side) for name in tensors) // 2
            names = [f"{side}.{layer}" for layer in range(count)]
            return nn.ModuleList(PatchLinear(tensors[f"{name}.weight"], tensors[f"{name}.bias"]) for name in names)

        self.encoder, self.decoder = layers("encoder"), layers("decoder")
        self.log_sigma = nn.Parameter(tensors["log_sigma"])

    def encode(self, cells: Tensor) -> Tensor:
        """(batch, patches, patch_cells) of 0..1 to (batch, latent_size + 1): means, and one log deviation."""
        return _feed_forward(self.encoder, cells)

    def decode(self, latents: Tensor) -> Tensor:
        """(batch, latent_size) to cells (batch · patches, patch_cells), real values around 0..1."""
        return _feed_forward(self.decoder, latents)


def _feed_forward(layers: nn.ModuleList, x: Tensor) -> Tensor:
    *hidden, last = layers
    for layer in hidden:
        x = torch.relu(layer(x))
    outputs: Tensor = last(x)
    return outputs
