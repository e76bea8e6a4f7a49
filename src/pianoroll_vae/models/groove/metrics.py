"""Accuracy of a groove model on held-out songs, and of baselines: averages by drum and slot, one repeated bar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pianoroll_vae.models.groove.figures import MeanErrors
from pianoroll_vae.models.groove.groove import COMPLETION_ORDER, DRUMS, OFFSETS, Groove, median_offset
from pianoroll_vae.models.groove.network import GrooveNetwork
from pianoroll_vae.models.groove.trainer import first_drums, sample_taps
from pianoroll_vae.models.groove.training_data import GrooveTrainingData
from pianoroll_vae.music.drum_kit import DRUM_OF_KEY
from pianoroll_vae.music.drum_rhythm import SLOTS_PER_BAR, Rhythm
from pianoroll_vae.music.measures.ratio import Values
from pianoroll_vae.music.notes import PITCHES

MIN_THRESHOLD = 0.2
"""A hit that is less likely is never added."""


def velocity_errors(groove: Groove, training: GrooveTrainingData, held_out: GrooveTrainingData) -> MeanErrors:
    """Over the songs that have dynamics."""
    predicted = _predict(groove, held_out)[0]
    return _errors(
        predicted,
        training,
        held_out,
        lambda data: data.velocity.double().numpy() * 127,
        lambda data: _hits_in(data, data.has_dynamics),
    )


def offset_errors(
    groove: Groove, training: GrooveTrainingData, held_out: GrooveTrainingData, all_songs: bool = False
) -> MeanErrors:
    """Of offsets rounded to steps, over the songs that have timing, or over all songs."""
    predicted = np.rint(_predict(groove, held_out)[1])
    return _errors(
        predicted,
        training,
        held_out,
        lambda data: data.offset.double().numpy() - OFFSETS // 2,
        lambda data: _hits_in(data, data.has_timing | all_songs),
        np.rint,
    )


def _errors(
    predicted: Values,
    training: GrooveTrainingData,
    held_out: GrooveTrainingData,
    targets_of: Callable[[GrooveTrainingData], Values],
    hits_of: Callable[[GrooveTrainingData], NDArray[np.bool_]],
    rounded: Callable[[Values], Values] = np.asarray,
) -> MeanErrors:
    chosen, known = hits_of(held_out), hits_of(training)
    targets, known_targets = targets_of(held_out)[chosen], targets_of(training)[known]
    errors = [float(np.abs(predicted[chosen] - targets).mean())]
    for by_slot, average in ((False, np.mean), (True, np.mean), (True, np.median)):
        table = _averages(_cell(training, by_slot)[known], known_targets, average)
        errors.append(float(np.abs(rounded(table[_cell(held_out, by_slot)[chosen]]) - targets).mean()))
    songs = len(np.unique(held_out.song[held_out.slot].numpy()[chosen]))
    return MeanErrors(errors[0], errors[1], errors[2], errors[3], int(chosen.sum()), songs)


def _hits_in(data: GrooveTrainingData, songs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(hits,): True for those in the chosen songs (songs,)."""
    return np.asarray(songs[data.song[data.slot].numpy()])


def _cell(data: GrooveTrainingData, by_slot: bool) -> NDArray[np.int64]:
    """(hits,): one number for each MIDI key, or for each key in each slot of the bar."""
    return data.key.numpy() * SLOTS_PER_BAR + (data.place.numpy() if by_slot else 0)


def _averages(cell: NDArray[np.int64], values: Values, average: Callable[[Values], Any]) -> Values:
    """The average of every cell, or of all values where a cell is empty."""
    table = np.full(PITCHES * SLOTS_PER_BAR, float(average(values)) if len(values) else 0.0)
    order = np.argsort(cell, kind="stable")
    cells, first = np.unique(cell[order], return_index=True)
    for which, part in zip(cells, np.split(values[order], first[1:]), strict=True):
        table[which] = average(part)
    return table


@torch.inference_mode()
def _predict(groove: Groove, data: GrooveTrainingData) -> tuple[Values, Values]:
    """(hits,) velocities of 0 to 127 and offsets in steps."""
    network, velocities, offsets = GrooveNetwork.from_arrays(groove.weights), [np.zeros(0)], [np.zeros(0)]
    for slots in torch.split(torch.arange(len(data)), 4096):
        row, hit = data.hits_of(slots)
        velocity, logits = network.velocity_and_offset(
            data.window[slots].float(), data.hit_rate[data.song[slots]], data.position[slots], row, data.key[hit]
        )
        velocities.append(velocity.double().numpy() * 127)
        offsets.append(median_offset(logits.double().softmax(-1).numpy()))
    return np.concatenate(velocities), np.concatenate(offsets)


@torch.inference_mode()
def fit_thresholds(groove: Groove, held_out: GrooveTrainingData) -> NDArray[np.float32]:
    """(DRUMS,): the probabilities from which each drum is added as often as it is hit in these songs."""
    network, thresholds = GrooveNetwork.from_arrays(groove.weights), np.full(DRUMS, 2, np.float32)
    rng = torch.Generator().manual_seed(0)
    window, hit_rate = held_out.window.float(), held_out.hit_rate[held_out.song]
    for count, drum in enumerate(COMPLETION_ORDER):
        taps = sample_taps(hit_rate, rng)
        given = torch.maximum(taps, first_drums(torch.full((len(held_out),), count)))
        predicted = (taps[:, drum] == 0).numpy()
        logits = network.hit_logits(window, hit_rate, held_out.position, given)
        probability = logits.sigmoid()[:, drum].numpy()[predicted]
        hit = held_out.window[:, window.shape[1] // 2, drum].float().numpy()[predicted]
        share = float(hit.mean()) if len(hit) else 0
        thresholds[drum] = max(float(np.quantile(probability, 1 - share)), MIN_THRESHOLD) if share else 2
    return thresholds


def best_repeated_bar(data: GrooveTrainingData) -> NDArray[np.bool_]:
    """(SLOTS_PER_BAR, DRUMS): the bar with the highest F1 against the bars of all songs."""
    share = data.hit_rate.double().mean(0).numpy()
    levels = np.unique(share)
    f1 = [2 * share[share >= level].sum() / ((share >= level).sum() + share.sum()) for level in levels]
    return np.asarray(share >= levels[int(np.argmax(f1))])


def completion_f1(groove: Groove, repeated_bar: NDArray[np.bool_], rhythms: Sequence[Rhythm]) -> tuple[float, float]:
    """F1 of the hits added to one or two tapped drums of each rhythm, by the model and by a repeated bar."""
    counts = np.zeros((2, 3))
    for number, rhythm in enumerate(rhythms):
        drums = np.unique(DRUM_OF_KEY[rhythm.key])
        rng = np.random.default_rng(number)
        taps = rng.choice(drums, min(len(drums) - 1, int(rng.integers(1, 3))), replace=False)
        if not len(taps):
            continue
        tapped = rhythm.select(np.isin(DRUM_OF_KEY[rhythm.key], taps))
        predicted = np.isin(np.arange(DRUMS), COMPLETION_ORDER) & ~np.isin(np.arange(DRUMS), taps)
        real = _hit_matrix(rhythm)[:, predicted]
        repeated = repeated_bar[rhythm.place_in_bar] & np.isin(rhythm.bar, rhythm.bar[tapped.slot])[:, None]
        for row, hits in enumerate((_hit_matrix(groove.complete(tapped)), repeated)):
            added = hits[:, predicted]
            counts[row] += (added & real).sum(), added.sum(), real.sum()
    model, baseline = (2 * counts[:, 0] / np.maximum(counts[:, 1] + counts[:, 2], 1)).tolist()
    return model, baseline


def _hit_matrix(rhythm: Rhythm) -> NDArray[np.bool_]:
    """(slots, DRUMS)"""
    hit = np.zeros((rhythm.slots, DRUMS), np.bool_)
    hit[rhythm.slot, DRUM_OF_KEY[rhythm.key]] = True
    return hit
