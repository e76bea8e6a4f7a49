"""The terms of the evidence lower bound, in nats a roll.

Cells follow a Gaussian around the decoded ones with one learned deviation; the constant ½ log 2π is left out. The
divergence of the posterior from the prior N(0, I) is estimated by the one latent that was drawn.
"""

from collections.abc import Callable

import torch
from torch import Tensor

LatentCost = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""(code, latents, noise) of a batch to the divergence (batch,), which is reported, and the cost (batch,), which is
minimised."""


def gaussian_nats(squared_error: Tensor, log_sigma: Tensor, cells: int) -> Tensor:
    """Minus log likelihood of `cells` cells whose squared errors sum to `squared_error`; shapes broadcast."""
    return 0.5 * squared_error * torch.exp(-2 * log_sigma) + cells * log_sigma


def sample_latents(code: Tensor, noise: Tensor) -> Tensor:
    """Latents from code (…, latent_size + 1) = means and one log deviation, and noise (…, latent_size)."""
    return code[..., :-1] + code[..., -1:].exp() * noise


def kl_nats(code: Tensor, latents: Tensor, noise: Tensor) -> Tensor:
    """log q(z | x) - log p(z) at the drawn latents, summed over the latent: (…,)."""
    return 0.5 * (latents.square() - noise.square()).sum(-1) - noise.shape[-1] * code[..., -1]


def latent_cost(beta: float, free_bits: float = 0.0, sparsity: float = 0.0) -> LatentCost:
    """`beta` times the divergence, unless a batch's mean is below `free_bits`, and `sparsity` times the magnitudes."""

    def cost(code: Tensor, latents: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        kl = kl_nats(code, latents, noise)
        weight = torch.full_like(kl, beta)
        if free_bits:
            weight = weight * (kl.detach().mean(-1, keepdim=True) > free_bits)
        total = weight * kl
        if sparsity:
            total = total + sparsity * latents.abs().sum(-1)
        return kl, total

    return cost
