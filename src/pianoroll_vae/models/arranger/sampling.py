"""All sampling rules of the arranger: temperatures, min-p, and what a bar or a long rest may not become.

What an instrument does in a bar (rest, repeat, new) and the latent of a new bar are sampled in Python, notes inside a
compiled loop (`play.decoding`), which calls the compiled functions below.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.kernels import Array, njit, njit_inner
from pianoroll_vae.models.arranger.tokens import END, REPEAT
from pianoroll_vae.models.ensemble import Density
from pianoroll_vae.music.bars import NOTE_COLUMNS, BarNotes
from pianoroll_vae.music.notes import PITCHES

MIN_P = 0.015
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

CHORD_MIN_P = 0.0004
"""Chords of a chart less than so many times as likely as the likeliest are never sampled. Far below `MIN_P`: there are
73 chords, and with .02 harmony moves a third less often than in real songs."""

CHORD_TEMPERATURE = 1.02
"""Of a chart's chords at noise 1: the chart writer is surer of itself than held-out songs allow."""

RETURN_CHORD = 1.2
"""Nats added to the logit of the chord that the form returns to: in real songs, a block that returns has nearly all of
its chords."""

RELATIVE_STRENGTH, FIFTHS_STRENGTH = 2.0, 1.0
"""Nats added to the logit of a chord in the scale of the key that is asked for, for each unit by which its tones fit
this key better than the relative one, and better than the keys a fifth above and below do on average."""

DOMINANT_BONUS = 1.0
"""Nats added to the logit of the triad and the seventh chord on the dominant of that key: they distinguish it from
other keys, and without them its charts have fewer changes of chords."""

RETURN_BONUS = 0.35
"""Nats added to the logit of repeating the bar that the form returns to, so that the whole band repeats as many of its
bars as in real songs, .10; without it .08, and with 1.3 nats .20."""

RETURN_SHARE = 0.8
"""How far the latent of a new bar is moved towards that of the bar to which the form returns: a part varies this bar
where it does not repeat it. With .6 the form is less audible."""

OTHER_CHORD_COST = 4.0
"""Nats taken from the logit of a pitched instrument's repeating a bar, for each half bar that has another chord.
Without it a third of the repeated cells are outside of the chord, twice as many as in real songs."""

CHORD_STRENGTH = 3.0
"""Factor of the decoder's table of chord tones; 1 is what was learned."""

TRAIT_FEEDBACK, TRAIT_FEEDFORWARD = 1.25, 0.5
"""What is added to logits to keep a part to its traits: factors of their difference from the part so far, and of that
from the mean of the training songs. Without, songs are all alike on average: of 82 features the differences between
songs are .6 times those of real songs, and parts repeat themselves too seldom."""

TRAIT_STRENGTH = (3.0, 0.0, 1.5, 0.0, 0.0, 0.0, 0.0, 3.75, 2.0, 2.0, 0.0)
"""The same by trait, in the order of `TRAITS`. The decoder follows register, rhythm and lengths by itself; in how many
bars an instrument plays is decided by the chart. With more for its repeats, a part loses the form."""

DENSITY_QUANTILES: Mapping[Density, float] = {"low": 0.25, "medium": 0.5, "high": 0.8}
"""What the words mean: quantiles of the notes in a bar that an instrument plays in training songs."""

DENSITY_LEAD = 1.25
"""To how many times the notes that are asked for a part is led: parts stay below what they are led to, those whose
density is drawn too."""

DENSITY_STRENGTH, DENSITY_STRENGTH_OF_BASS, DENSITY_STRENGTH_OF_DRUMS = 1.6, 3.0, 1.0
"""The same of a density that is asked for, which also brings onsets nearer to each other or farther apart. A bass with
less keeps to its usual rhythm, drums with more have fewer notes than those of real songs."""

STRICT_CHORDS = 3.0
"""Factor of `CHORD_STRENGTH` and `OTHER_CHORD_COST` where chords are given by name."""

OTHER_TONE_COST = 0.2
"""Taken from the decoder's table of chord tones for all other tones, of pitched instruments, where chords are given by
name and in accompaniments."""

LOWEST_PITCH, HIGHEST_PITCH, HIGHEST_OF_BASS = 21, 108, 67
"""A0 and C8, the first and last keys of a piano, between which all pitched instruments stay, and G4, the last fret of a
bass guitar."""

OUT_OF_RANGE_COST = 20.0
"""What is taken from the logits of all other pitches: where a note of the same step leaves nothing else, they are still
there."""

BASS_ROOT_BONUS = 0.6
"""Added to the same table for the root, in a bass: one bar of a bass that begins with another tone is repeated with
every chord, and the chords are no longer audible."""

DOUBLES_LEAD, DOUBLES_OTHER, DOUBLED_BARS = 0.2, 0.08, 0.75
"""How often a pitched part that is no bass doubles the lead in a song from nothing, or another part that is written
before it, and in which share of the bars in which its notes are new. In .25 of real songs eight of ten notes of the
piano that begin with the strings share a pitch class with them; without it in .01."""

ABSENT_BLOCKS, ENTRY_PROBABILITY = 4, 0.3
"""The least probability that an instrument plays in a block of a chart when it was silent for so many blocks before:
many training songs lack an instrument, and every requested part plays."""

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


END_INDEX: Any = np.int64(END)
NO_INDEX: Any = np.int64(-1)
"""For `exempt`; as Python's integers each would be a type of its own, for which `sample_index` is compiled again."""


@njit_inner
def _weight(logit: float, temperature: float, min_p: float, exempt: bool) -> float:
    """How likely it is relative to the likeliest, whose logit is 0."""
    weight = math.exp(logit / temperature)
    return weight if weight >= min_p or exempt else 0.0


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
    for i in range(len(logits)):
        total += _weight(logits[i] - highest, temperature, min_p, i == exempt)
    cumulative, target = 0.0, uniform * total
    for i in range(len(logits)):
        cumulative += _weight(logits[i] - highest, temperature, min_p, i == exempt)
        if cumulative > target:
            return i
    return best


@njit_inner
def limit_steps(logits: Array, notes: BarNotes, mean_notes: float, bar_steps: int, limits: SamplingLimits) -> None:
    """Change the logits (END + 1,) of the step after `notes` (notes, NOTE_COLUMNS): within the bar's `bar_steps` steps,
    never back in time, at most `max_chord` notes on a step, no empty bar, and a likelier end of a bar with more than
    `mean_notes` notes."""
    count = len(notes)
    for i in range(bar_steps, END):
        logits[i] = -np.inf
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


@njit_inner
def limit_pitches(logits: Array, notes: BarNotes, step: int) -> None:
    """Change the logits (PITCHES,) of the pitch of a note at `step` after `notes`: within a step pitches rise."""
    count = len(notes)
    if count > 0 and notes[count - 1, STEP] == step:
        for pitch in range(int(notes[count - 1, PITCH]) + 1):
            logits[pitch] = -np.inf


@njit_inner
def change_new_classes(logits: Array, notes: BarNotes, change: float) -> None:
    """Add to the logits (PITCHES,) of all pitches whose class is none of those of `notes` (notes, NOTE_COLUMNS)."""
    played = 0
    for note in range(len(notes)):
        played |= 1 << (notes[note, PITCH] % 12)
    for pitch in range(len(logits)):
        if not played >> (pitch % 12) & 1:
            logits[pitch] += change


def sample(logits: Array, temperature: float, rng: np.random.Generator) -> int:
    """An index of logits (n,), without min-p."""
    return int(sample_index(np.asarray(logits, np.float32), float(temperature), rng.random(), 0.0, -1))


def weigh_repeats(kind: Array, back: Array, gain: Array) -> tuple[Array, Array]:
    """Logits of rest, repeat, new (3,) and of the bar to repeat (bars,), after `gain` (bars,) nats are added to the
    probability of repeating each bar; a repeat as a whole gets as much likelier or less likely."""
    if not np.isfinite(back).any():
        return kind, back
    weighed = back + gain
    kind = kind.copy()
    kind[REPEAT] += np.logaddexp.reduce(weighed) - np.logaddexp.reduce(back)
    return kind, weighed


def sample_latent(
    weight: Array, mean: Array, log_std: Array, temperature: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """(latent_size,) from a mixture of Gaussians: logits weight (components,), mean and log_std (components,
    latent_size)."""
    component = sample(weight, temperature, rng)
    noise = rng.standard_normal((mean.shape[1],), np.float32)
    return np.asarray(mean[component] + temperature * np.exp(log_std[component]) * noise, np.float32)
