"""The prior's likelihoods are those of PyTorch's distributions, and only bars with notes are repeated."""

from dataclasses import fields, replace

import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal
from torch.distributions import kl_divergence as pytorch_kl_divergence

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, FORMS
from pianoroll_vae.models.arranger.conditions import GENRES, TEMPOS
from pianoroll_vae.models.arranger.parameters import ACTIONS, CHORD_LABELS
from pianoroll_vae.models.arranger.prior_output import PriorOutput
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, REPEAT
from pianoroll_vae.models.arranger.train.prior import PlanInContext, latent_nll
from pianoroll_vae.models.arranger.train.vae import kl_divergence
from tests.small_arranger import SMALL_ARRANGER, small_prior

PRIOR = small_prior("conditional")
CONTENT, WIDTH = 16, 32


def random_plan(*shape: int) -> PlanInContext:
    rng = torch.Generator().manual_seed(4)

    def integers(high: int, *size: int) -> Tensor:
        return torch.randint(0, high, (*shape, *size), generator=rng)

    return PlanInContext(
        chords=integers(CHORD_LABELS, 2),
        form=integers(FORMS),
        block_bar=integers(BLOCK_BARS),
        active=integers(2, 5) == 1,
        genres=integers(2, GENRES) == 1,
        tempo=integers(TEMPOS),
        future=torch.randn(*shape, 5, CONTENT, generator=rng),
        same_chords=integers(3, MEMORY_BARS),
        returns_to=integers(2, MEMORY_BARS) == 1,
    )


def predict(played: Tensor, plan: PlanInContext | None = None, **inputs: Tensor) -> PriorOutput[Tensor]:
    """Of the second of the followers, which is the bass."""
    rng = torch.Generator().manual_seed(0)
    shape = played.shape[:-1]
    given = {
        "past": torch.randn(*shape, WIDTH, generator=rng),
        "content": torch.randn(*shape, 5, CONTENT, generator=rng),
        "action": torch.randint(0, ACTIONS, (*shape, 5), generator=rng),
        "last_bars": torch.randn(*shape, MEMORY_BARS, CONTENT, generator=rng),
    }
    return PRIOR.predict(1, 2, **(given | inputs), played=played, plan=plan or random_plan(*shape))


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
    plan = random_plan(4, 7)
    plan = PlanInContext(*(getattr(plan, field.name)[2, 3] for field in fields(plan)))
    one = predict(
        played[2, 3], plan, past=past[2, 3], content=content[2, 3], action=action[2, 3], last_bars=last_bars[2, 3]
    )
    for name in ("kind", "back", "weight", "mean", "log_std"):
        torch.testing.assert_close(getattr(one, name), getattr(many, name)[2, 3])


def test_the_nll_of_latents_is_that_of_pytorchs_mixture() -> None:
    output = predict(torch.ones(6, MEMORY_BARS, dtype=torch.bool))
    latent = torch.randn(6, SMALL_ARRANGER.latent_size, generator=torch.Generator().manual_seed(2))
    components = Independent(Normal(output.mean, output.log_std.exp()), 1)
    mixture = MixtureSameFamily(Categorical(logits=output.weight), components)
    torch.testing.assert_close(latent_nll(output, latent), -mixture.log_prob(latent))


def test_the_kl_divergence_is_pytorchs() -> None:
    mean, log_std = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(3))
    expected = pytorch_kl_divergence(Normal(mean, log_std.exp()), Normal(torch.zeros(5, 4), torch.ones(5, 4)))
    torch.testing.assert_close(kl_divergence(mean, log_std), expected.sum(-1))


def test_every_part_of_the_plan_matters() -> None:
    played = torch.ones(1, MEMORY_BARS, dtype=torch.bool)
    plan = random_plan(1)
    before = predict(played, plan)
    for field in fields(plan):
        value = getattr(plan, field.name).clone()
        value = ~value if value.dtype == torch.bool else (value + 1) % 2
        assert not torch.allclose(predict(played, replace(plan, **{field.name: value})).back, before.back), field.name


def test_bars_with_the_same_chords_and_those_of_the_form_have_gates_of_their_own() -> None:
    played = torch.ones(1, MEMORY_BARS, dtype=torch.bool)
    plan = replace(
        random_plan(1),
        same_chords=torch.zeros(1, MEMORY_BARS, dtype=torch.long),
        returns_to=torch.zeros(1, MEMORY_BARS, dtype=torch.bool),
    )
    before = predict(played, plan).back[0]
    same, returns = plan.same_chords.clone(), plan.returns_to.clone()
    same[0, [3, 9]], returns[0, 7] = 2, True
    change = predict(played, replace(plan, same_chords=same, returns_to=returns)).back[0] - before
    assert (change.abs() > 1e-6).nonzero().flatten().tolist() == [3, 7, 9]
    torch.testing.assert_close(change[3], change[9])
    assert not torch.isclose(change[3], change[7])
