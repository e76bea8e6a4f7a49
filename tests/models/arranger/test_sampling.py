"""Sampling: temperatures, min-p, and what limits notes and bars."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.models.arranger import sampling
from pianoroll_vae.models.arranger.sampling import (
    END_BONUS,
    MAX_CHORD,
    MIN_TEMPERATURE,
    SAMPLING_LIMITS,
    Temperatures,
    sample,
    sample_index,
    sample_latent,
    weigh_repeats,
)
from pianoroll_vae.models.arranger.tokens import END
from tests.models.arranger.play.inner_functions import callable_from_python

limit_steps, limit_pitches = map(callable_from_python, (sampling.limit_steps, sampling.limit_pitches))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def sample_index_in_numpy(logits: np.ndarray, temperature: float, uniform: float, min_p: float, exempt: int) -> int:
    if temperature <= 0:
        return int(logits.argmax())
    weight = np.exp((logits.astype(float) - logits.max()) / temperature)
    weight[(weight < min_p) & (np.arange(len(logits)) != exempt)] = 0
    cumulative = np.cumsum(weight)
    return int(np.searchsorted(cumulative, uniform * cumulative[-1], side="right"))


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0, 1.6])
@pytest.mark.parametrize(("min_p", "exempt"), [(0.0, -1), (0.2, -1), (0.2, 3)])
def test_the_compiled_sampling_equals_that_in_numpy(temperature: float, min_p: float, exempt: int) -> None:
    logits = rng(4).standard_normal(9).astype(np.float32)
    logits[2] = -np.inf
    for uniform in np.linspace(0, 0.999, 50):
        found = sample_index(logits, temperature, uniform, min_p, exempt)
        assert found == sample_index_in_numpy(logits, temperature, uniform, min_p, exempt)


def test_min_p_leaves_out_the_tail_but_for_the_exempt_index() -> None:
    logits, uniforms = np.log(np.array([0.9, 0.06, 0.02, 0.02], np.float32)), np.linspace(0, 0.9999, 2000)
    assert {sample_index(logits, 1.0, uniform, 0.05, -1) for uniform in uniforms} == {0, 1}
    assert {sample_index(logits, 1.0, uniform, 0.05, 3) for uniform in uniforms} == {0, 1, 3}


@given(
    st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=30),
    st.integers(0, 99),
    st.just(0.0) | st.floats(0.01, 3),
)
def test_a_logit_of_minus_infinity_is_never_sampled(numbers: list[float], seed: int, temperature: float) -> None:
    logits = np.array(numbers, np.float32)
    logits[::2] = -np.inf
    assert sample(logits, temperature, rng(seed)) % 2 == 1


def test_temperature_0_takes_the_highest_logit() -> None:
    assert sample(np.array([1, 3, 2], np.float32), 0, rng()) == 1


def test_frequencies_are_the_probabilities() -> None:
    probability, generator = np.array([0.5, 0.3, 0.15, 0.05], np.float32), rng(1)
    counts = np.bincount([sample(np.log(probability), 1, generator) for _ in range(4000)], minlength=4) / 4000
    assert counts == pytest.approx(probability, abs=0.03)


def test_a_higher_temperature_makes_the_unlikely_likelier() -> None:
    logits, shares = np.log(np.array([0.8, 0.2], np.float32)), []
    for temperature in (0.3, 1.0, 3.0):
        generator = rng(2)
        shares.append(np.mean([sample(logits, temperature, generator) for _ in range(2000)]))
    assert shares[0] < shares[1] < shares[2] < 0.5


def test_noise_sets_the_temperatures_of_actions_latents_and_notes() -> None:
    assert Temperatures.from_noise(1.0) == Temperatures(1, 1, 1)
    assert Temperatures.from_noise(0.0) == Temperatures(MIN_TEMPERATURE, 0, MIN_TEMPERATURE)
    assert Temperatures.from_noise(2.0, 0.5) == Temperatures(2, 2, 1)
    assert Temperatures.from_noise(1.0, 0.0).notes == 0


def test_a_latent_deviates_in_proportion_to_the_temperature() -> None:
    weight = np.array([0, -50], np.float32)
    mean = np.array([[1, 2, 3], [9, 9, 9]], np.float32)
    log_std = np.log(np.array([[0.1, 1, 2], [1, 1, 1]], np.float32))
    assert sample_latent(weight, mean, log_std, 0, rng()).tolist() == [1, 2, 3]
    generator = rng(3)
    drawn = np.stack([sample_latent(weight, mean, log_std, 1, generator) for _ in range(3000)])
    assert drawn.mean(0) == pytest.approx(mean[0], abs=0.12)
    assert drawn.std(0) == pytest.approx([0.1, 1, 2], rel=0.06)


def allowed_steps(notes: list[tuple[int, int]], mean_notes: float = 96, bar_steps: int = END) -> np.ndarray:
    """The logits after notes of (step, pitch), where all were 0."""
    columns = np.array([(step, pitch, 0, 0) for step, pitch in notes], np.uint8).reshape(-1, 4)
    logits = np.zeros(END + 1, np.float32)
    limit_steps(logits, columns, mean_notes, bar_steps, SAMPLING_LIMITS)
    return logits


def test_a_shorter_bar_has_no_notes_on_the_places_that_it_leaves_empty() -> None:
    assert np.flatnonzero(allowed_steps([(35, 60)], bar_steps=36) == 0).tolist() == [35, END]
    assert np.flatnonzero(allowed_steps([], bar_steps=36) == -np.inf).tolist() == [*range(36, END), END]


def test_a_bar_has_a_note_and_its_steps_never_go_back() -> None:
    assert np.flatnonzero(allowed_steps([]) == -np.inf).tolist() == [END]
    assert np.flatnonzero(allowed_steps([(5, 60)]) == -np.inf).tolist() == [0, 1, 2, 3, 4]
    assert np.flatnonzero(allowed_steps([(2, 127)]) == -np.inf).tolist() == [0, 1, 2], "no higher pitch is left"


def test_a_step_has_no_more_notes_than_the_largest_chord() -> None:
    chord = [(1, 50 + i) for i in range(MAX_CHORD)]
    assert np.flatnonzero(allowed_steps([(0, 40), *chord]) == -np.inf).tolist() == [0, 1]
    assert np.flatnonzero(allowed_steps([(0, 40), *chord[1:]]) == -np.inf).tolist() == [0]


def test_a_bar_with_more_notes_than_the_mean_ends_sooner() -> None:
    notes = [(i, 60) for i in range(6)]
    assert allowed_steps(notes, 6)[END] == 0
    assert allowed_steps(notes, 3)[END] == pytest.approx(END_BONUS)
    assert allowed_steps(notes, 2)[END] == pytest.approx(2 * END_BONUS)


def test_pitches_rise_within_a_step() -> None:
    for step, lowest in ((3, 61), (4, 0)):
        logits = np.zeros(128, np.float32)
        limit_pitches(logits, np.array([(3, 60, 0, 0)], np.uint8), step)
        assert np.flatnonzero(logits == 0)[0] == lowest


def test_a_repeat_gets_likelier_as_a_whole_where_one_of_its_bars_does() -> None:
    kind, back = np.zeros(3, np.float32), np.log(np.array([0.5, 0.5], np.float32))
    weighed_kind, weighed = weigh_repeats(kind, back, np.log(np.array([3.0, 1.0], np.float32)))
    joint = np.exp(weighed_kind) / np.exp(weighed_kind).sum()
    bars = np.exp(weighed) / np.exp(weighed).sum()
    np.testing.assert_allclose(joint, [1 / 4, 2 / 4, 1 / 4], atol=1e-6)  # 0.5 · 3 + 0.5 · 1 = 2 times as likely
    np.testing.assert_allclose(bars, [3 / 4, 1 / 4], atol=1e-6)


def test_where_no_bar_can_be_repeated_nothing_is_weighed() -> None:
    kind, back = np.array([0, -np.inf, 0], np.float32), np.full(4, -np.inf, np.float32)
    same_kind, same = weigh_repeats(kind, back, np.ones(4, np.float32))
    assert np.array_equal(same_kind, kind)
    assert np.array_equal(same, back)
