"""How a band chooses: from scores to one of them, by chance and as boldly as it is asked to. numpy alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float32]

LEAST = 0.025
"""Of places, pitches and lengths, what is so many times less likely than the likeliest is left out: the far tail is
noise that training left, and a wrong note leads to others. Only the end of a bar never is: it is rare at any one
moment, and without it bars fill up."""

BREVITY = 0.2
"""Nats by which a bar ends more likely than was learned: one that is too full by chance leads to fuller ones."""

SURER = 0.9
"""What the boldness of forms is multiplied with while an instrument plays: a rest or a new bar by mistake leads to
others too. One that rests begins again as it has learned to; more surely it would rest on."""

CALMEST = 0.7
"""The boldness of forms and notes where noise is 0."""


@dataclass(frozen=True)
class Boldness:
    """How far one instrument strays; 1 each is the model's own distribution, but for its far tail."""

    form: float = 1.0
    latent: float = 1.0
    notes: float = 1.0

    @staticmethod
    def of(noise: float, temperature: float = 1.0) -> "Boldness":
        """Noise 0 takes the expected latent and calms the rest; beyond 1 everything grows wilder."""
        rest = CALMEST + (1 - CALMEST) * noise if noise < 1 else noise
        return Boldness(rest, noise, rest * temperature)


def choose(
    scores: Scores, boldness: float, chance: np.random.Generator, least: float = 0.0, spared: int | None = None
) -> int:
    """The index of one of the scores (n,), which are logarithms of likelihoods; -inf is never chosen, nor what is less
    than `least` times as likely as the likeliest, but for the one that is `spared`."""
    if boldness <= 0:
        return int(scores.argmax())
    above = np.asarray(scores, np.float64) - float(scores.max())
    likelihood: NDArray[np.float64] = np.exp(above / boldness)
    left_out = likelihood < least
    if spared is not None:
        left_out[spared] = False
    likelihood[left_out] = 0
    heap = np.cumsum(likelihood)
    return int(np.searchsorted(heap, chance.random() * heap[-1], side="right"))


def draw_latent(
    weight: Scores, mean: Scores, log_deviation: Scores, boldness: float, chance: np.random.Generator
) -> Scores:
    """(latent_size,) from a mixture: weight (components,), mean and log_deviation (components, latent_size)."""
    part = choose(weight, boldness, chance)
    strayed = chance.standard_normal((mean.shape[1],), np.float32)
    return np.asarray(mean[part] + boldness * np.exp(log_deviation[part]) * strayed, np.float32)
