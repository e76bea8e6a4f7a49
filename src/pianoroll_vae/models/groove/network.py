"""Networks for drum performance: velocity and offset of each hit, and the hits that complete a tapped rhythm.

Two multilayer perceptrons have the same input: the hits in two bars around a slot, how often each drum is hit in each
slot of the song's bars, and the slot's position and tempo. Nothing is sampled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.models.files import read_header
from pianoroll_vae.models.training.checkpoint import read_tensors, write_tensors
from pianoroll_vae.music.drum_kit import DRUM_NAMES, DRUM_OF_KEY, USUAL_KEYS
from pianoroll_vae.music.drum_rhythm import SLOTS_PER_BAR, SLOTS_PER_BEAT, STEPS_PER_SLOT, Rhythm
from pianoroll_vae.music.notes import PITCHES

DRUMS = len(DRUM_NAMES)
WINDOW = 16
"""Slots of the input on either side of a slot."""

OFFSETS = 7
"""Classes of a hit's offset: -3 to 3 steps from its place, 24 steps to a beat."""

MAX_OFFSET, MAX_TRIPLET_OFFSET = 2.5, 1.75
"""Steps; with larger offsets a hit could reach the next one of its drum."""

RHYTHM_SIZE = (2 * WINDOW + 1) * DRUMS + SLOTS_PER_BAR * DRUMS
"""Of the window and the hit rates, flattened."""

POSITION_SIZE = SLOTS_PER_BAR + 3 + 1
HIDDEN_SIZE = 96
TOUCH_DROPOUT, FILL_DROPOUT = 0.4, 0.1
"""Of the input and the hidden layers; completion, whose input is masked already, has less."""

SLOTS_PER_BATCH = 4096
"""In inference."""

COMPLETION_ORDER = tuple(
    DRUM_NAMES.index(name)
    for name in ("kick", "snare", "hat", "ride", "open hat", "crash", "low tom", "high tom", "stick")
)
"""Drums in the order in which they are added to a tapped rhythm: those that are played most come first."""


@dataclass(frozen=True, eq=False)
class Context:
    """The input of the networks for a whole rhythm."""

    window: NDArray[np.uint8]
    """(slots, 2 * WINDOW + 1, DRUMS): 1 where a drum is hit in the slots around each slot."""

    hit_rate: NDArray[np.float32]
    """(SLOTS_PER_BAR, DRUMS): of the bars with hits, the share in which a drum is hit in this slot."""

    position: NDArray[np.float32]
    """(slots, POSITION_SIZE): slot in the bar (one-hot), whether the beat before, this and the next one are in
    triplets, and the tempo in octaves above 120 BPM."""


def context_of(rhythm: Rhythm) -> Context:
    hit = np.zeros((rhythm.slots, DRUMS), np.uint8)
    hit[rhythm.slot, DRUM_OF_KEY[rhythm.key]] = 1
    padded = np.pad(hit, ((WINDOW, WINDOW), (0, 0)))
    window = sliding_window_view(padded, 2 * WINDOW + 1, axis=0).swapaxes(1, 2)
    bars = len(np.unique(rhythm.bar[rhythm.slot]))
    hits = np.zeros((SLOTS_PER_BAR, DRUMS), np.float32)
    np.add.at(hits, rhythm.place_in_bar, hit)
    triplet = np.pad(rhythm.triplets, 1)
    beat = np.arange(rhythm.slots) // SLOTS_PER_BEAT
    position = np.zeros((rhythm.slots, POSITION_SIZE), np.float32)
    position[np.arange(rhythm.slots), rhythm.place_in_bar] = 1
    position[:, SLOTS_PER_BAR : SLOTS_PER_BAR + 3] = np.stack([triplet[beat + side] for side in range(3)], 1)
    position[:, -1] = np.log2(rhythm.tempo / 120)
    return Context(window, np.minimum(hits / max(bars, 1), 1), position)


class GrooveNetwork(nn.Module):
    """The two networks. Inputs: window (n, 2 * WINDOW + 1, DRUMS), hit_rate (n, SLOTS_PER_BAR, DRUMS) and position
    (n, POSITION_SIZE). Dropout of the input keeps the networks from recognising the songs of the training set."""

    def __init__(self) -> None:
        super().__init__()
        self.touch = _perceptron(RHYTHM_SIZE + POSITION_SIZE, DRUMS * (1 + OFFSETS), TOUCH_DROPOUT)
        """Velocity and offset logits of each drum."""
        self.keys = nn.Embedding(PITCHES, 1 + OFFSETS)
        """Added to `touch`: how a MIDI key differs from the others of its drum."""
        self.fill = _perceptron(RHYTHM_SIZE + POSITION_SIZE + DRUMS, DRUMS, FILL_DROPOUT)
        """Logits of a hit of each drum."""
        nn.init.zeros_(self.keys.weight)

    def velocity_and_offset(
        self, window: Tensor, hit_rate: Tensor, position: Tensor, row: Tensor, key: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(hits,) velocities of 0 to 1 and (hits, OFFSETS) logits. row (hits,): which of the n slots a hit is in;
        key (hits,): its MIDI key."""
        rhythm = self._rhythm(window, hit_rate, TOUCH_DROPOUT)
        outputs: Tensor = self.touch(torch.cat([rhythm, position], 1)).view(-1, DRUMS, 1 + OFFSETS)
        outputs = outputs[row, torch.from_numpy(DRUM_OF_KEY)[key]] + self.keys(key)
        return outputs[:, 0], outputs[:, 1:]

    def hit_logits(self, window: Tensor, hit_rate: Tensor, position: Tensor, given: Tensor) -> Tensor:
        """(n, DRUMS) logits that a drum is hit. given (n, DRUMS): 1 for the drums whose hits are visible."""
        rhythm = self._rhythm(window * given[:, None], hit_rate * given[:, None], FILL_DROPOUT)
        logits: Tensor = self.fill(torch.cat([rhythm, position, given], 1))
        return logits

    def _rhythm(self, window: Tensor, hit_rate: Tensor, dropout: float) -> Tensor:
        """(n, RHYTHM_SIZE)"""
        return functional.dropout(torch.cat([window.flatten(1), hit_rate.flatten(1)], 1), dropout, self.training)


def _perceptron(input_size: int, output_size: int, dropout: float) -> nn.Sequential:
    """Two hidden layers."""
    layers = []
    for size in (input_size, HIDDEN_SIZE):
        layers += [nn.Linear(size, HIDDEN_SIZE), nn.LeakyReLU(0.1), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(HIDDEN_SIZE, output_size))


@dataclass(frozen=True, eq=False)
class Groove:
    """Trained networks, ready for inference."""

    network: GrooveNetwork
    thresholds: NDArray[np.float32]
    """(DRUMS,): the probability from which a hit is added."""

    figures: dict[str, Any]
    """Of the training set, and the errors on held-out songs."""

    @torch.inference_mode()
    def velocity_and_offset(self, rhythm: Rhythm) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(hits,): the velocity of each hit, 1 to 127, and its offset from its place in steps."""
        context = context_of(rhythm)
        slots, row = np.unique(rhythm.slot, return_inverse=True)
        velocity, offset = np.zeros(len(rhythm)), np.zeros(len(rhythm))
        for first in range(0, len(slots), SLOTS_PER_BATCH):
            chosen = (row >= first) & (row < first + SLOTS_PER_BATCH)
            velocities, logits = self.network.velocity_and_offset(
                *_tensors(context, slots[first : first + SLOTS_PER_BATCH]),
                torch.from_numpy(row[chosen] - first),
                torch.from_numpy(rhythm.key[chosen]),
            )
            velocity[chosen] = velocities.double().numpy()
            offset[chosen] = median_offset(logits.double().softmax(-1).numpy())
        limit = np.where(rhythm.triplets[rhythm.slot // SLOTS_PER_BEAT], MAX_TRIPLET_OFFSET, MAX_OFFSET)
        return np.clip(np.rint(velocity * 127), 1, 127).astype(np.int64), np.clip(offset, -limit, limit)

    def complete(self, rhythm: Rhythm) -> Rhythm:
        """Add the other drums of a kit in the bars that have hits.

        They are added in `COMPLETION_ORDER`, each one given those before it.
        """
        own = np.unique(DRUM_OF_KEY[rhythm.key])
        for drum in [drum for drum in COMPLETION_ORDER if drum not in own]:
            given = np.isin(np.arange(DRUMS), [*own, *COMPLETION_ORDER[: COMPLETION_ORDER.index(drum)]])
            hit = self.hit_probabilities(rhythm, given)[:, drum] >= self.thresholds[drum]
            hit &= np.isin(rhythm.bar, rhythm.bar[rhythm.slot])
            rhythm = _with_hits(rhythm, USUAL_KEYS[drum], np.flatnonzero(hit))
        return rhythm

    @torch.inference_mode()
    def hit_probabilities(self, rhythm: Rhythm, given: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(slots, DRUMS): how likely each drum is hit. given (DRUMS,): the drums whose hits are visible."""
        context = context_of(rhythm)
        parts = [np.zeros((0, DRUMS), np.float32)]
        for first in range(0, rhythm.slots, SLOTS_PER_BATCH):
            slots = np.arange(first, min(first + SLOTS_PER_BATCH, rhythm.slots))
            mask = torch.from_numpy(given.astype(np.float32)).expand(len(slots), -1)
            parts.append(self.network.hit_logits(*_tensors(context, slots), mask).sigmoid().numpy())
        return np.concatenate(parts)


def median_offset(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,): the median offset in steps of (n, OFFSETS) probabilities, each spread uniformly over its step."""
    cumulative = np.cumsum(probabilities, -1)
    step = np.minimum((cumulative < 0.5).sum(-1), OFFSETS - 1)
    inside = np.take_along_axis(probabilities, step[:, None], -1)[:, 0]
    before = np.take_along_axis(cumulative, step[:, None], -1)[:, 0] - inside
    return np.asarray(step - OFFSETS // 2 - 0.5 + (0.5 - before) / np.maximum(inside, 1e-9))


def save_groove(path: Path, groove: Groove) -> None:
    tensors = {**groove.network.state_dict(), "thresholds": torch.from_numpy(groove.thresholds)}
    write_tensors(path, {"kind": "groove", "drums": list(DRUM_NAMES), "figures": groove.figures}, tensors)


def load_groove(path: Path) -> Groove:
    """Read what `save_groove` wrote; every shape and type is checked."""
    header = read_header(path)
    figures = header.get("figures", {})
    if header.get("kind") != "groove" or header.get("drums") != list(DRUM_NAMES) or not isinstance(figures, dict):
        raise ArtifactDamaged(f"{path} is not a groove model of this version.", "Run: vaemusic train groove")
    network = GrooveNetwork()
    tensors = read_tensors(path, {**network.state_dict(), "thresholds": torch.empty(DRUMS)})
    thresholds = tensors.pop("thresholds").numpy()
    network.load_state_dict(tensors)
    return Groove(network.eval(), thresholds, figures)


def _tensors(context: Context, slots: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
    """Window, hit rate and position of some slots."""
    hit_rate = torch.from_numpy(context.hit_rate).expand(len(slots), -1, -1)
    window = torch.from_numpy(np.ascontiguousarray(context.window[slots], np.float32))
    return window, hit_rate, torch.from_numpy(context.position[slots])


def _with_hits(rhythm: Rhythm, key: int, slots: NDArray[np.int64]) -> Rhythm:
    """The rhythm with a hit of `key` in each of the slots."""
    in_beat = slots % SLOTS_PER_BEAT
    straight = slots * STEPS_PER_SLOT
    in_triplet = straight - in_beat * STEPS_PER_SLOT + np.array([0, 8, 12, 16])[in_beat]
    place = np.where(rhythm.triplets[slots // SLOTS_PER_BEAT], in_triplet, straight).astype(float)
    return replace(
        rhythm,
        key=np.append(rhythm.key, np.full(len(slots), key)),
        slot=np.append(rhythm.slot, slots),
        place=np.append(rhythm.place, place),
        offset=np.append(rhythm.offset, np.zeros(len(slots))),
        leads=np.append(rhythm.leads, np.ones(len(slots), np.bool_)),
    )
