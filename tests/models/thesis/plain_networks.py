"""The VAE of the thesis in PyTorch's convolutions, and the conversion of its weights to ours."""

import torch
from torch import Tensor, nn

from pianoroll_vae.models.training.weights import Weights


class PlainVae(nn.Module):
    """The thesis VAE layer by layer: rolls (batch, 1, 32, 128)."""

    def __init__(self, latent_size: int = 16) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 64, (4, 4), (4, 4)),
            nn.ReLU(),
            nn.Conv2d(64, 128, (4, 4), (4, 4)),
            nn.ReLU(),
            nn.Conv2d(128, 256, (2, 8), (2, 8)),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(256, latent_size + 1),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_size, 256),
            nn.ReLU(),
            nn.Unflatten(1, (256, 1, 1)),
            nn.ConvTranspose2d(256, 128, (2, 8), (2, 8)),
            nn.ReLU(),
            nn.ConvTranspose2d(128, 64, (4, 4), (4, 4)),
            nn.ReLU(),
            nn.ConvTranspose2d(64, 1, (4, 4), (4, 4)),
        )
        self.log_sigma = nn.Parameter(torch.zeros(1))

    def encode(self, rolls: Tensor) -> Tensor:
        """(batch, 1, 32, 128) to (batch, latent_size + 1)."""
        code: Tensor = self.encoder(rolls)
        return code

    def decode(self, latents: Tensor) -> Tensor:
        """(batch, latent_size) to (batch, 1, 32, 128)."""
        rolls: Tensor = self.decoder(latents)
        return rolls


def as_matrices(plain: PlainVae, gradients: bool = False) -> dict[str, Tensor]:
    """The plain network's tensors (or their gradients) under our names and in our shapes."""

    def read(parameter: Tensor | None) -> Tensor:
        assert parameter is not None
        found = parameter.grad if gradients else parameter.detach()
        assert found is not None
        return found

    found: dict[str, Tensor] = {}
    for side, layers in (("encoder", plain.encoder), ("decoder", plain.decoder)):
        with_weights = [layer for layer in layers if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)]
        for place, layer in enumerate(with_weights):
            weight, bias = read(layer.weight), read(layer.bias)
            if isinstance(layer, nn.Conv2d):
                weight = weight.permute(2, 3, 1, 0).reshape(-1, weight.shape[0])
            elif isinstance(layer, nn.ConvTranspose2d):
                weight = weight.permute(0, 2, 3, 1).reshape(weight.shape[0], -1)
            else:
                weight = weight.t()
            found[f"{side}.{place}.weight"], found[f"{side}.{place}.bias"] = weight, bias
    found["log_sigma"] = read(plain.log_sigma)
    return found


def copy_into(weights: Weights, plains: list[PlainVae]) -> None:
    """Give row i of our weights the weights of plain network i."""
    for name, view in weights.views().items():
        for row, plain in enumerate(plains):
            view[row].copy_(as_matrices(plain)[name])
