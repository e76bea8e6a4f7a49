"""The terms of the evidence lower bound against numbers worked out by hand."""

import math

import torch

from pianoroll_vae.models.thesis.likelihood import gaussian_nats, kl_nats, sample_latents


def test_the_likelihood_of_a_small_roll_is_as_computed_by_hand() -> None:
    # two cells, errors 0.5 and -1, sigma = 2: ((0.5/2)² + (1/2)²) / 2 + 2 ln 2
    found = gaussian_nats(torch.tensor(0.25 + 1.0), torch.tensor(math.log(2)), cells=2)
    assert math.isclose(float(found), (0.0625 + 0.25) / 2 + 2 * math.log(2), rel_tol=1e-6)


def test_the_kl_of_one_draw_is_as_computed_by_hand() -> None:
    # means 1 and -2, deviation e^0.5 shared, noise 0.3 and -0.7
    code, noise = torch.tensor([1.0, -2.0, 0.5]), torch.tensor([0.3, -0.7])
    latents = sample_latents(code, noise)
    z = (1 + math.exp(0.5) * 0.3, -2 - math.exp(0.5) * 0.7)
    assert torch.allclose(latents, torch.tensor(z))
    log_q = -(0.3**2 + 0.7**2) / 2 - 2 * 0.5
    log_p = -(z[0] ** 2 + z[1] ** 2) / 2
    assert math.isclose(float(kl_nats(code, latents, noise)), log_q - log_p, rel_tol=1e-5)


def test_the_kl_from_the_prior_itself_is_zero() -> None:
    noise = torch.randn(5, 16)
    code = torch.zeros(5, 17)
    assert torch.equal(kl_nats(code, sample_latents(code, noise), noise), torch.zeros(5))
