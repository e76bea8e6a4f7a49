"""The terms of the evidence lower bound, in nats a roll. Knows neither networks nor data.

Cells follow a Gaussian around the decoded ones with one learned deviation; the constant ½ log 2π is left out. The
divergence from N(0, I) is estimated by the one latent that was drawn.
"""

from collections.abc import Callable

import torch
from torch import Tensor

LatentCost = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor, Tensor]]
"""(code, latents, noise) of a batch to what is reported as divergence (batch,), what is minimised (batch,), and the
latter's gradients at the latents (batch, latent_size) and at the log deviations (batch,), those through the latents
left out."""


def gaussian_nats(squared_error: Tensor, log_sigma: Tensor, cells: int) -> Tensor:
    """Minus log likelihood of `cells` cells whose squared errors sum to `squared_error`; shapes broadcast."""
    return 0.5 * squared_error * torch.exp(-2 * log_sigma) + cells * log_sigma


def draw(code: Tensor, noise: Tensor) -> Tensor:
    """Latents from code (…, latent_size + 1) = means and one log deviation, and noise (…, latent_size)."""
    return code[..., :-1] + code[..., -1:].exp() * noise


def divergence_nats(code: Tensor, latents: Tensor, noise: Tensor) -> Tensor:
    """log q(z | x) - log p(z) at the drawn latents, summed over the latent: (…,)."""
    return 0.5 * (latents.square() - noise.square()).sum(-1) - noise.shape[-1] * code[..., -1]


def latent_cost(beta: float, free_bits: float = 0.0, sparsity: float = 0.0) -> LatentCost:
    """`beta` times the divergence, unless a batch's mean is below `free_bits`, and `sparsity` times the magnitudes."""

    def cost(code: Tensor, latents: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        divergence = divergence_nats(code, latents, noise)
        weight = torch.full_like(divergence, beta)
        if free_bits:
            weight = weight * (divergence.detach().mean(-1, keepdim=True) > free_bits)
        paid, to_latents = weight * divergence, weight.unsqueeze(-1) * latents
        if sparsity:
            paid = paid + sparsity * latents.abs().sum(-1)
            to_latents = to_latents + sparsity * latents.sign()
        return divergence, paid, to_latents, -weight * noise.shape[-1]

    return cost
