"""What the latent networks say: likelihoods as PyTorch's distributions have them, and nothing to repeat where nothing
was played."""

import numpy as np
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from pianoroll_vae.models.arranger.parameters import ACTIONS
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, REPEAT
from pianoroll_vae.models.arranger.train.prior import PriorOutput, decide, latent_nats
from pianoroll_vae.models.arranger.train.vae import divergence
from tests.small_arranger import SMALL_ARRANGER, small_arranger_weights

W = {name: view[0] for name, view in small_arranger_weights("conditional").views().items()}
CONTENT, WIDTH = 16, 32


def output(there: torch.Tensor, **others: torch.Tensor) -> PriorOutput:
    rng = torch.Generator().manual_seed(0)
    shape = there.shape[:-1]
    known = {
        "past": torch.randn(*shape, WIDTH, generator=rng),
        "content": torch.randn(*shape, 5, CONTENT, generator=rng),
        "action": torch.randint(0, ACTIONS, (*shape, 5), generator=rng),
        "mine": torch.randn(*shape, MEMORY_BARS, CONTENT, generator=rng),
    }
    known |= others
    return decide(W, SMALL_ARRANGER, 1, known["past"], known["content"], known["action"], known["mine"], there)


def test_only_what_was_played_can_be_repeated() -> None:
    there = torch.zeros(3, MEMORY_BARS, dtype=torch.bool)
    there[1, [0, 5]] = True
    there[2] = True
    found = output(there)
    assert torch.equal(torch.isfinite(found.back), there)
    assert torch.isfinite(found.kind).tolist() == [[True, False, True], [True] * 3, [True] * 3]
    assert REPEAT == 1


def test_a_decision_for_one_is_the_decision_among_many() -> None:
    there = torch.rand(4, 7, MEMORY_BARS, generator=torch.Generator().manual_seed(1)) < 0.5
    many = output(there)
    rng = torch.Generator().manual_seed(0)
    past = torch.randn(4, 7, WIDTH, generator=rng)
    content = torch.randn(4, 7, 5, CONTENT, generator=rng)
    action = torch.randint(0, ACTIONS, (4, 7, 5), generator=rng)
    mine = torch.randn(4, 7, MEMORY_BARS, CONTENT, generator=rng)
    one = output(there[2, 3], past=past[2, 3], content=content[2, 3], action=action[2, 3], mine=mine[2, 3])
    for name in ("kind", "back", "weight", "mean", "log_deviation"):
        torch.testing.assert_close(getattr(one, name), getattr(many, name)[2, 3])


def test_latents_cost_what_pytorchs_mixture_says() -> None:
    found = output(torch.ones(6, MEMORY_BARS, dtype=torch.bool))
    latent = torch.randn(6, SMALL_ARRANGER.latent_size, generator=torch.Generator().manual_seed(2))
    parts = Independent(Normal(found.mean, found.log_deviation.exp()), 1)
    theirs = MixtureSameFamily(Categorical(logits=found.weight), parts).log_prob(latent)
    torch.testing.assert_close(latent_nats(found, latent), -theirs)


def test_a_latents_divergence_is_pytorchs() -> None:
    mean, log_deviation = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(3))
    theirs = torch.distributions.kl_divergence(
        Normal(mean, log_deviation.exp()), Normal(torch.zeros(5, 4), torch.ones(5, 4))
    )
    assert np.allclose(divergence(mean, log_deviation), theirs.sum(-1), rtol=1e-5)
