"""How the band chooses: by likelihood, as boldly as it is asked to, and never what cannot be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.models.arranger.sampling import CALMEST, COMES_BACK, Temperatures, choose, draw_latent, roused


def chance(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(
    st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=30),
    st.integers(0, 99),
    st.just(0.0) | st.floats(0.01, 3),
)
def test_what_cannot_be_is_never_chosen(scores: list[float], seed: int, temperature: float) -> None:
    known = np.array(scores, np.float32)
    known[::2] = -np.inf
    assert choose(known, temperature, chance(seed)) % 2 == 1


def test_without_boldness_the_likeliest_is_chosen() -> None:
    assert choose(np.array([1, 3, 2], np.float32), 0, chance()) == 1


def test_choices_are_as_frequent_as_they_are_likely() -> None:
    likelihood = np.array([0.5, 0.3, 0.15, 0.05], np.float32)
    dice = chance(1)
    counts = np.bincount([choose(np.log(likelihood), 1, dice) for _ in range(4000)], minlength=4) / 4000
    assert counts == pytest.approx(likelihood, abs=0.03)


def test_boldness_makes_the_unlikely_likelier() -> None:
    scores = np.log(np.array([0.8, 0.2], np.float32))
    shares = []
    for temperature in (0.3, 1.0, 3.0):
        dice = chance(2)
        shares.append(np.mean([choose(scores, temperature, dice) for _ in range(2000)]))
    assert shares[0] < shares[1] < shares[2] < 0.5


def test_noise_spreads_over_forms_latents_and_notes() -> None:
    assert Temperatures.of(1.0) == Temperatures(1, 1, 1)
    assert Temperatures.of(0.0) == Temperatures(CALMEST, 0, CALMEST)
    assert Temperatures.of(2.0, 0.5) == Temperatures(2, 2, 1)
    assert Temperatures.of(1.0, 0.0).notes == 0


def test_a_latent_strays_as_far_as_it_is_bold() -> None:
    weight = np.array([0, -50], np.float32)
    mean = np.array([[1, 2, 3], [9, 9, 9]], np.float32)
    log_deviation = np.log(np.array([[0.1, 1, 2], [1, 1, 1]], np.float32))
    assert draw_latent(weight, mean, log_deviation, 0, chance()).tolist() == [1, 2, 3]
    dice = chance(3)
    drawn = np.stack([draw_latent(weight, mean, log_deviation, 1, dice) for _ in range(3000)])
    assert drawn.mean(0) == pytest.approx(mean[0], abs=0.12)
    assert drawn.std(0) == pytest.approx([0.1, 1, 2], rel=0.06)


def likelihood(kind: np.ndarray) -> np.ndarray:
    return np.exp(kind - np.logaddexp.reduce(kind.astype(float)))


def test_whoever_is_roused_plays_now_and_then_as_he_would_have_played() -> None:
    kind = np.log(np.array([0.997, 0.001, 0.002], np.float32))
    found = likelihood(roused(kind))
    assert found[1:].sum() == pytest.approx(COMES_BACK, rel=1e-4)
    assert found[2] / found[1] == pytest.approx(2, rel=1e-3)
    nothing_to_repeat = likelihood(roused(np.array([9, -np.inf, -3], np.float32)))
    assert nothing_to_repeat == pytest.approx([1 - COMES_BACK, 0, COMES_BACK], rel=1e-4)


def test_whoever_would_play_anyway_is_not_roused() -> None:
    kind = np.log(np.array([0.9, 0.06, 0.04], np.float32))
    assert np.array_equal(roused(kind), kind)
