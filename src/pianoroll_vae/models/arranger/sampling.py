"""All sampling rules of the arranger: temperatures, min-p, and what a bar or a long rest may not become.

What an instrument does in a bar (rest, repeat, new) and the latent of a new bar are sampled in Python, notes inside a
compiled loop (`play.decoding`), which calls the compiled functions below.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.kernels import Array, njit
from pianoroll_vae.models.arranger.tokens import END
from pianoroll_vae.music.bars import NOTE_COLUMNS, BarNotes
from pianoroll_vae.music.notes import PITCHES

MIN_P = 0.025
"""Steps, pitches and lengths less than so many times as likely as the likeliest are never sampled: the tail is noise
that training left, and a wrong note leads to others. The end of a bar is exempt: it is rare at any one moment, and
without it bars fill up."""

END_BONUS = 2.5
"""Nats added to the logit of a bar's end when the bar has twice the mean number of notes that its instrument has a bar
in this song; at three times, twice as much. Without it songs get fuller, drums by a half within 160 bars."""

MAX_CHORD = 6
"""Notes of one instrument on one step: pitches within a step only rise, so a chord that has gone wrong climbs on and
on."""

MAX_NOTES = 96
"""Notes of one instrument in one bar."""

LONG_REST_BARS = 16
"""An instrument that has played and then rests for more bars than these is in a long rest."""

COMEBACK_PROBABILITY = 0.04
"""The least probability, in each bar of a long rest, that the instrument begins again. In real songs that is 5 % a bar
after 16 bars and 2 % after 32; the networks have also learned from songs without the instrument, and give it less."""

MIN_TEMPERATURE = 0.7
"""Of actions and notes at noise 0."""

UNIFORMS = 5
"""Uniform numbers for each note: for the guide, the step, the pitch, the length and the velocity. They are drawn before
the bar is decoded, `MAX_NOTES` times, so that one note less changes nothing in later bars."""

STEP, PITCH, LENGTH, VELOCITY = range(NOTE_COLUMNS)
"""Columns of `BarNotes`."""


@dataclass(frozen=True)
class Temperatures:
    """One instrument's temperatures; at 1 each the model's own distributions are sampled, but for `MIN_P`."""

    action: float = 1.0
    latent: float = 1.0
    notes: float = 1.0

    @staticmethod
    def from_noise(noise: float, temperature: float = 1.0) -> "Temperatures":
        """At noise 0 latents are the mixture's means and the rest is at `MIN_TEMPERATURE`; above 1 all grow with it.
        `temperature` multiplies that of the notes."""
        base = MIN_TEMPERATURE + (1 - MIN_TEMPERATURE) * noise if noise < 1 else noise
        return Temperatures(base, noise, base * temperature)


class SamplingLimits(NamedTuple):
    """What compiled code samples notes by: an argument, since Numba's disk cache does not notice a changed constant of
    another module."""

    min_p: float
    end_bonus: float
    max_chord: int


SAMPLING_LIMITS = SamplingLimits(MIN_P, END_BONUS, MAX_CHORD)


@njit
def sample_index(logits: Array, temperature: float, uniform: float, min_p: float, exempt: int) -> int:
    """An index of logits (n,), by a uniform number in [0, 1); temperature 0: the highest.

    -inf is never sampled, nor what is less than `min_p` times as likely as the likeliest, but for the index `exempt`
    (-1: none).
    """
    best = 0
    for i in range(len(logits)):
        if logits[i] > logits[best]:
            best = i
    if temperature <= 0:
        return best
    highest, total = logits[best], 0.0
    weight = np.empty(len(logits), np.float64)
    for i in range(len(logits)):
        weight[i] = math.exp((logits[i] - highest) / temperature)
        if weight[i] < min_p and i != exempt:
            weight[i] = 0
        total += weight[i]
    cumulative, target = 0.0, uniform * total
    for i in range(len(logits)):
        cumulative += weight[i]
        if cumulative > target:
            return i
    return best


@njit
def limit_steps(logits: Array, notes: BarNotes, mean_notes: float, limits: SamplingLimits) -> None:
    """Change the logits (END + 1,) of the step after `notes` (notes, NOTE_COLUMNS): never back in time, at most
    `max_chord` notes on a step, no empty bar, and a likelier end of a bar with more than `mean_notes` notes."""
    count = len(notes)
    if count == 0:
        logits[END] = -np.inf
        return
    step, chord = int(notes[count - 1, STEP]), 1
    while chord < count and notes[count - 1 - chord, STEP] == step:
        chord += 1
    full = chord >= limits.max_chord or notes[count - 1, PITCH] == PITCHES - 1
    for i in range(step + (1 if full else 0)):
        logits[i] = -np.inf
    excess = max(0.0, count / mean_notes - 1)
    logits[END] = logits[END] + limits.end_bonus * excess


@njit
def limit_pitches(logits: Array, notes: BarNotes, step: int) -> None:
    """Change the logits (PITCHES,) of the pitch of a note at `step` after `notes`: within a step pitches rise."""
    count = len(notes)
    if count > 0 and notes[count - 1, STEP] == step:
        logits[: int(notes[count - 1, PITCH]) + 1] = -np.inf


@njit
def next_guide_note(guide: BarNotes, notes: BarNotes) -> int:
    """The index of the first note of `guide` after the last of `notes`, in the order of decoding; -1: none."""
    count = len(notes)
    for i in range(len(guide)):
        if count == 0 or guide[i, STEP] > notes[count - 1, STEP]:
            return i
        if guide[i, STEP] == notes[count - 1, STEP] and guide[i, PITCH] > notes[count - 1, PITCH]:
            return i
    return -1


def sample(logits: Array, temperature: float, rng: np.random.Generator) -> int:
    """An index of logits (n,), without min-p."""
    return int(sample_index(np.asarray(logits, np.float32), float(temperature), rng.random(), 0.0, -1))


def limit_long_rest(logits: Array) -> Array:
    """Logits (3,) of rest, repeat and new in a long rest: the latter two have `COMEBACK_PROBABILITY` at least."""
    plays = np.logaddexp(logits[1], logits[2])
    highest_rest = plays + np.log((1 - COMEBACK_PROBABILITY) / COMEBACK_PROBABILITY)
    return np.array([min(logits[0], highest_rest), *logits[1:]], np.float32)


def sample_latent(
    weight: Array, mean: Array, log_deviation: Array, temperature: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """(latent_size,) from a mixture of Gaussians: logits weight (components,), mean and log_deviation (components,
    latent_size)."""
    component = sample(weight, temperature, rng)
    noise = rng.standard_normal((mean.shape[1],), np.float32)
    return np.asarray(mean[component] + temperature * np.exp(log_deviation[component]) * noise, np.float32)
