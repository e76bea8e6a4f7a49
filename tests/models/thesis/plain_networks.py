"""The VAE of the thesis in PyTorch's convolutions, and the conversion of its weights to ours."""

import torch
from torch import Tensor, nn

from pianoroll_vae.models.training.weights import Weights


class PlainVae(nn.Module):
    """The thesis VAE layer by layer: rolls (batch, 1, 32, 128)."""

    def __init__(self, latent_size: int = 16) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(
            [
                nn.Conv2d(1, 64, (4, 4), (4, 4)),
                nn.Conv2d(64, 128, (4, 4), (4, 4)),
                nn.Conv2d(128, 256, (2, 8), (2, 8)),
                nn.Linear(256, latent_size + 1),
            ]
        )
        self.decoder = nn.ModuleList(
            [
                nn.Linear(latent_size, 256),
                nn.ConvTranspose2d(256, 128, (2, 8), (2, 8)),
                nn.ConvTranspose2d(128, 64, (4, 4), (4, 4)),
                nn.ConvTranspose2d(64, 1, (4, 4), (4, 4)),
            ]
        )
        self.log_sigma = nn.Parameter(torch.zeros(1))

    def encode(self, rolls: Tensor) -> Tensor:
        """(batch, 1, 32, 128) to (batch, latent_size + 1)."""
        for layer in self.encoder[:3]:
            rolls = torch.relu(layer(rolls))
        return self.encoder[3](rolls.flatten(1))

    def decode(self, latents: Tensor) -> Tensor:
        """(batch, latent_size) to (batch, 1, 32, 128)."""
        hidden = torch.relu(self.decoder[0](latents)).view(-1, 256, 1, 1)
        hidden = torch.relu(self.decoder[1](hidden))
        hidden = torch.relu(self.decoder[2](hidden))
        return self.decoder[3](hidden)


def as_matrices(plain: PlainVae, gradients: bool = False) -> dict[str, Tensor]:
    """The plain network's tensors (or their gradients) under our names and in our shapes."""
    found: dict[str, Tensor] = {}
    for side, layers in (("encoder", plain.encoder), ("decoder", plain.decoder)):
        for place, layer in enumerate(layers):
            weight, bias = (p.grad if gradients else p.detach() for p in (layer.weight, layer.bias))
            if isinstance(layer, nn.Conv2d):
                weight = weight.permute(2, 3, 1, 0).reshape(-1, weight.shape[0])
            elif isinstance(layer, nn.ConvTranspose2d):
                weight = weight.permute(0, 2, 3, 1).reshape(weight.shape[0], -1)
            else:
                weight = weight.t()
            found[f"{side}.{place}.weight"], found[f"{side}.{place}.bias"] = weight, bias
    found["log_sigma"] = plain.log_sigma.grad if gradients else plain.log_sigma.detach()
    return found


def copy_into(weights: Weights, plains: list[PlainVae]) -> None:
    """Give row i of our weights the weights of plain network i."""
    for name, view in weights.views().items():
        for row, plain in enumerate(plains):
            view[row].copy_(as_matrices(plain)[name])
