"""How a band chooses: from scores to one of them, by chance and as boldly as it is asked to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play import kernels

Scores = NDArray[np.float32]

MIN_P = 0.025
"""Of places, pitches and lengths, what is so many times less likely than the likeliest is left out: the far tail is
noise that training left, and a wrong note leads to others. Only the end of a bar never is: it is rare at any one
moment, and without it bars fill up."""

FULLNESS = 2.5
"""Nats by which a bar ends more likely for each time over that it has as many notes as that instrument's bars usually
have in this song: without it songs get fuller and fuller, drums by a half within 160 bars."""

LONG_REST = 16
"""Bars after which a rest is long."""

COMES_BACK = 0.04
"""How likely, at least, whoever has played in a song begins again in each bar of a long rest. In real songs that is 5 %
a bar after 16 bars and 2 % after 32; the networks, which also know songs that an instrument is absent from, believe it
gone."""

CALMEST = 0.7
"""The boldness of forms and notes where noise is 0."""


@dataclass(frozen=True)
class Temperatures:
    """How far one instrument strays; 1 each is the model's own distribution, but for its far tail."""

    form: float = 1.0
    latent: float = 1.0
    notes: float = 1.0

    @staticmethod
    def of(noise: float, temperature: float = 1.0) -> "Temperatures":
        """Noise 0 takes the expected latent and calms the rest; beyond 1 everything grows wilder."""
        rest = CALMEST + (1 - CALMEST) * noise if noise < 1 else noise
        return Temperatures(rest, noise, rest * temperature)


def choose(scores: Scores, temperature: float, rng: np.random.Generator) -> int:
    """The index of one of the scores (n,), which are logarithms of likelihoods; -inf is never chosen."""
    return int(kernels.choose(np.asarray(scores, np.float32), float(temperature), rng.random(), 0.0, -1))


def roused(kind: Scores) -> Scores:
    """Scores (3,) of what to do, resting first, so that somebody plays as likely as `COMES_BACK`, or likelier."""
    plays = np.logaddexp(kind[1], kind[2])
    most = plays + np.log((1 - COMES_BACK) / COMES_BACK)
    return np.array([min(kind[0], most), *kind[1:]], np.float32)


def draw_latent(
    weight: Scores, mean: Scores, log_deviation: Scores, temperature: float, rng: np.random.Generator
) -> Scores:
    """(latent_size,) from a mixture: weight (components,), mean and log_deviation (components, latent_size)."""
    part = choose(weight, temperature, rng)
    strayed = rng.standard_normal((mean.shape[1],), np.float32)
    return np.asarray(mean[part] + temperature * np.exp(log_deviation[part]) * strayed, np.float32)
