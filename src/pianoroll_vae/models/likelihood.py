"""The terms of the evidence lower bound, in nats a roll. Knows neither networks nor data.

Cells follow a Gaussian around the decoded ones with one learned deviation; the constant ½ log 2π is left out. The
divergence from N(0, I) is estimated by the one latent that was drawn.
"""

import torch
from torch import Tensor


def gaussian_nats(squared_error: Tensor, log_sigma: Tensor, cells: int) -> Tensor:
    """Minus log likelihood of `cells` cells whose squared errors sum to `squared_error`; shapes broadcast."""
    return 0.5 * squared_error * torch.exp(-2 * log_sigma) + cells * log_sigma


def draw(code: Tensor, noise: Tensor) -> Tensor:
    """Latents from code (…, latent_size + 1) = means and one log deviation, and noise (…, latent_size)."""
    return code[..., :-1] + code[..., -1:].exp() * noise


def divergence_nats(code: Tensor, latents: Tensor, noise: Tensor) -> Tensor:
    """log q(z | x) - log p(z) at the drawn latents, summed over the latent: (…,)."""
    return 0.5 * (latents.square() - noise.square()).sum(-1) - noise.shape[-1] * code[..., -1]
