"""How well a drummer plays songs it has not heard: beside what each drum does on average, and beside one pattern.

Knows nothing of files, and nothing of training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pianoroll_vae.models.groove.network import COMPLETED, DRUMS, KEYS, OFFSETS, Groove, middle
from pianoroll_vae.models.groove.trainer import decided_before, tapped
from pianoroll_vae.models.groove.training_data import GrooveTrainingData
from pianoroll_vae.music.drum_kit import DRUM_OF_KEY
from pianoroll_vae.music.drum_rhythm import SLOTS_PER_BAR, Rhythm

Values = NDArray[np.float64]
LEAST_LIKELY = 0.2
"""No drum is added that is less likely than this."""


@dataclass(frozen=True)
class Errors:
    """Mean absolute errors of velocities (1 to 127) or offsets (steps, 24 to a beat) over held-out hits."""

    ours: float
    drum: float
    """Of each drum's mean."""

    place: float
    """Of each drum's mean at its place in the bar."""

    middle: float
    """Of each drum's median at its place in the bar: of all that hear no context the hardest to beat."""

    hits: int
    songs: int


def velocity_errors(groove: Groove, learned: GrooveTrainingData, held_out: GrooveTrainingData) -> Errors:
    """Over the songs that have dynamics."""
    guessed = _played(groove, held_out)[0]
    return _errors(guessed, learned, held_out, lambda some: some.velocity.double().numpy() * 127, "lively")


def offset_errors(
    groove: Groove, learned: GrooveTrainingData, held_out: GrooveTrainingData, everybody: bool = False
) -> Errors:
    """On whole steps, over the songs that have timing, or over all."""
    guessed = np.rint(_played(groove, held_out)[1])
    kind = "" if everybody else "played"
    return _errors(guessed, learned, held_out, lambda some: some.offset.double().numpy() - OFFSETS // 2, kind, np.rint)


def _errors(
    guessed: Values,
    learned: GrooveTrainingData,
    held_out: GrooveTrainingData,
    real: Callable[[GrooveTrainingData], Values],
    kind: str,
    rounded: Callable[[Values], Values] = np.asarray,
) -> Errors:
    chosen, taught = _of_songs(held_out, kind), _of_songs(learned, kind)
    truth, known = real(held_out)[chosen], real(learned)[taught]
    far = [float(np.abs(guessed[chosen] - truth).mean())]
    for by_place, average in ((False, np.mean), (True, np.mean), (True, np.median)):
        table = _averages(_cell(learned, by_place)[taught], known, average)
        far.append(float(np.abs(rounded(table[_cell(held_out, by_place)[chosen]]) - truth).mean()))
    songs = len(np.unique(held_out.song[held_out.row].numpy()[chosen]))
    return Errors(far[0], far[1], far[2], far[3], int(chosen.sum()), songs)


def _of_songs(data: GrooveTrainingData, kind: str) -> NDArray[np.bool_]:
    """(hits,): those in songs of a kind, 'lively' or 'played'; all where none is named."""
    song = data.song[data.row].numpy()
    return getattr(data, kind)[song] if kind else np.ones(len(song), np.bool_)


def _cell(data: GrooveTrainingData, by_place: bool) -> NDArray[np.int64]:
    """(hits,): one number for each drum key, or for each key at each place of the bar."""
    return data.key.numpy() * SLOTS_PER_BAR + (data.place.numpy() if by_place else 0)


def _averages(cell: NDArray[np.int64], values: Values, average: Callable[[Values], Any]) -> Values:
    """The average of every cell; where there is none, that of everything."""
    table = np.full(KEYS * SLOTS_PER_BAR, float(average(values)) if len(values) else 0.0)
    order = np.argsort(cell, kind="stable")
    found, first = np.unique(cell[order], return_index=True)
    for which, part in zip(found, np.split(values[order], first[1:]), strict=True):
        table[which] = average(part)
    return table


@torch.inference_mode()
def _played(groove: Groove, data: GrooveTrainingData) -> tuple[Values, Values]:
    """(hits,) velocities of 0 to 127 and offsets in steps."""
    loud, beside = [np.zeros(0)], [np.zeros(0)]
    for slots in torch.split(torch.arange(len(data)), 4096):
        row, hit = data.hits_of(slots)
        usual = data.usual[data.song[slots]]
        velocity, offset = groove.network.touches(
            data.window[slots].float(), usual, data.about[slots], row, data.key[hit]
        )
        loud.append(velocity.double().numpy() * 127)
        beside.append(middle(offset.double().softmax(-1).numpy()))
    return np.concatenate(loud), np.concatenate(beside)


@torch.inference_mode()
def fitting_thresholds(groove: Groove, held_out: GrooveTrainingData) -> NDArray[np.float32]:
    """(DRUMS,): the probabilities from which each drum is added just as often as it is really played."""
    thresholds = np.full(DRUMS, 2, np.float32)
    rng = torch.Generator().manual_seed(0)
    window, usual = held_out.window.float(), held_out.usual[held_out.song]
    for turn, drum in enumerate(COMPLETED):
        taps = tapped(usual, rng)
        known = torch.maximum(taps, decided_before(torch.full((len(held_out),), turn)))
        asked = (taps[:, drum] == 0).numpy()
        said = groove.network.fills(window, usual, held_out.about, known).sigmoid()[:, drum].numpy()[asked]
        share = (
            float(held_out.window[:, window.shape[1] // 2, drum].float().numpy()[asked].mean()) if asked.any() else 0
        )
        thresholds[drum] = max(float(np.quantile(said, 1 - share)), LEAST_LIKELY) if share else 2
    return thresholds


def pattern_of(data: GrooveTrainingData) -> NDArray[np.bool_]:
    """(SLOTS_PER_BAR, DRUMS): the one bar that, repeated, has the highest F1 with the bars of all songs together."""
    share = data.usual.double().mean(0).numpy()
    levels = np.unique(share)
    f1 = [2 * share[share >= level].sum() / ((share >= level).sum() + share.sum()) for level in levels]
    return np.asarray(share >= levels[int(np.argmax(f1))])


def completion(groove: Groove, pattern: NDArray[np.bool_], rhythms: Sequence[Rhythm]) -> tuple[float, float]:
    """F1 of the hits added to one or two tapped drums of each rhythm, and of a bar repeated throughout."""
    counts = np.zeros((2, 3))
    for number, whole in enumerate(rhythms):
        drums = np.unique(DRUM_OF_KEY[whole.key])
        rng = np.random.default_rng(number)
        taps = rng.choice(drums, min(len(drums) - 1, int(rng.integers(1, 3))), replace=False)
        if not len(taps):
            continue
        stays = np.isin(DRUM_OF_KEY[whole.key], taps)
        heard = whole.only(stays)
        guessed = np.isin(np.arange(DRUMS), COMPLETED) & ~np.isin(np.arange(DRUMS), taps)
        real = _hit(whole)[:, guessed]
        repeated = pattern[whole.place_in_bar] & np.isin(whole.bar, whole.bar[heard.slot])[:, None]
        for row, made in enumerate((_hit(groove.complete(heard)), repeated)):
            made = made[:, guessed]
            counts[row] += (made & real).sum(), made.sum(), real.sum()
    ours, theirs = (2 * counts[:, 0] / np.maximum(counts[:, 1] + counts[:, 2], 1)).tolist()
    return ours, theirs


def _hit(rhythm: Rhythm) -> NDArray[np.bool_]:
    """(slots, DRUMS)"""
    hit = np.zeros((rhythm.slots, DRUMS), np.bool_)
    hit[rhythm.slot, DRUM_OF_KEY[rhythm.key]] = True
    return hit
