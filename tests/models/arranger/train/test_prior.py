"""The prior's likelihoods are those of PyTorch's distributions, and only bars with notes are repeated."""

import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal
from torch.distributions import kl_divergence as pytorch_kl_divergence

from pianoroll_vae.models.arranger.parameters import ACTIONS
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, REPEAT
from pianoroll_vae.models.arranger.train.prior import PriorOutput
from pianoroll_vae.models.arranger.train.vae import kl_divergence
from tests.small_arranger import SMALL_ARRANGER, small_prior

PRIOR = small_prior("conditional")
CONTENT, WIDTH = 16, 32


def predict(played: torch.Tensor, **inputs: torch.Tensor) -> PriorOutput:
    rng = torch.Generator().manual_seed(0)
    shape = played.shape[:-1]
    given = {
        "past": torch.randn(*shape, WIDTH, generator=rng),
        "content": torch.randn(*shape, 5, CONTENT, generator=rng),
        "action": torch.randint(0, ACTIONS, (*shape, 5), generator=rng),
        "last_bars": torch.randn(*shape, MEMORY_BARS, CONTENT, generator=rng),
    }
    return PRIOR.predict(1, **(given | inputs), played=played)


def test_only_bars_with_notes_can_be_repeated() -> None:
    played = torch.zeros(3, MEMORY_BARS, dtype=torch.bool)
    played[1, [0, 5]] = True
    played[2] = True
    output = predict(played)
    assert torch.equal(torch.isfinite(output.back), played)
    assert torch.isfinite(output.kind).tolist() == [[True, False, True], [True] * 3, [True] * 3]
    assert REPEAT == 1


def test_a_prediction_does_not_depend_on_its_batch() -> None:
    played = torch.rand(4, 7, MEMORY_BARS, generator=torch.Generator().manual_seed(1)) < 0.5
    many = predict(played)
    rng = torch.Generator().manual_seed(0)
    past = torch.randn(4, 7, WIDTH, generator=rng)
    content = torch.randn(4, 7, 5, CONTENT, generator=rng)
    action = torch.randint(0, ACTIONS, (4, 7, 5), generator=rng)
    last_bars = torch.randn(4, 7, MEMORY_BARS, CONTENT, generator=rng)
    one = predict(played[2, 3], past=past[2, 3], content=content[2, 3], action=action[2, 3], last_bars=last_bars[2, 3])
    for name in ("kind", "back", "weight", "mean", "log_deviation"):
        torch.testing.assert_close(getattr(one, name), getattr(many, name)[2, 3])


def test_the_nll_of_latents_is_that_of_pytorchs_mixture() -> None:
    output = predict(torch.ones(6, MEMORY_BARS, dtype=torch.bool))
    latent = torch.randn(6, SMALL_ARRANGER.latent_size, generator=torch.Generator().manual_seed(2))
    components = Independent(Normal(output.mean, output.log_deviation.exp()), 1)
    mixture = MixtureSameFamily(Categorical(logits=output.weight), components)
    torch.testing.assert_close(output.nll(latent), -mixture.log_prob(latent))


def test_the_kl_divergence_is_pytorchs() -> None:
    mean, log_std = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(3))
    expected = pytorch_kl_divergence(Normal(mean, log_std.exp()), Normal(torch.zeros(5, 4), torch.ones(5, 4)))
    torch.testing.assert_close(kl_divergence(mean, log_std), expected.sum(-1))
