"""A trained groove model, in numpy: velocity and offset of each hit, and the hits that complete a tapped rhythm.

Two multilayer perceptrons have the same input: the hits in two bars around a slot, how often each drum is hit in each
slot of the song's bars, and the slot's position and tempo. Nothing is sampled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.models.files import TensorType, read_arrays, read_header, write_arrays
from pianoroll_vae.models.groove.figures import GrooveFigures
from pianoroll_vae.music.drum_kit import DRUM_NAMES, DRUM_OF_KEY, USUAL_KEYS
from pianoroll_vae.music.drum_rhythm import SLOTS_PER_BAR, SLOTS_PER_BEAT, STEPS_PER_SLOT, Rhythm
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.schema import SchemaError, build

Array = NDArray[np.float32]

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
NEGATIVE_SLOPE = 0.1
"""Slope of the leaky ReLU below 0."""

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

    def inputs(self, slots: NDArray[np.int64], given: NDArray[np.bool_] | None = None) -> tuple[Array, Array]:
        """(n, RHYTHM_SIZE) and (n, POSITION_SIZE) for some slots; given (DRUMS,): the drums whose hits are visible."""
        window, hit_rate = self.window[slots].astype(np.float32), self.hit_rate
        if given is not None:
            window, hit_rate = window * given, hit_rate * given
        rates = np.broadcast_to(hit_rate.reshape(-1), (len(slots), hit_rate.size))
        return np.concatenate([window.reshape(len(slots), -1), rates], 1, dtype=np.float32), self.position[slots]


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


LAYERS = (0, 3, 6)
"""Numbers of the linear layers; activation and dropout lie between them."""


def _layer_shapes(network: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    """The tensors of a perceptron with two hidden layers, as `network.GrooveNetwork` names them."""
    shapes: dict[str, tuple[int, ...]] = {}
    for layer, (rows, columns) in zip(
        LAYERS, ((HIDDEN_SIZE, inputs), (HIDDEN_SIZE,) * 2, (outputs, HIDDEN_SIZE)), strict=True
    ):
        shapes |= {f"{network}.{layer}.weight": (rows, columns), f"{network}.{layer}.bias": (rows,)}
    return shapes


SHAPES = {
    **_layer_shapes("touch", RHYTHM_SIZE + POSITION_SIZE, DRUMS * (1 + OFFSETS)),
    "keys.weight": (PITCHES, 1 + OFFSETS),
    **_layer_shapes("fill", RHYTHM_SIZE + POSITION_SIZE + DRUMS, DRUMS),
}


@dataclass(frozen=True, eq=False)
class Groove:
    """Trained networks, ready for inference."""

    weights: Mapping[str, Array]
    """Of `SHAPES`."""

    thresholds: NDArray[np.float32]
    """(DRUMS,): the probability from which a hit is added."""

    figures: GrooveFigures | None = None
    """None where it has not been measured."""

    def velocity_and_offset(self, rhythm: Rhythm) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(hits,): the velocity of each hit, 1 to 127, and its offset from its place in steps."""
        context = context_of(rhythm)
        slots, row = np.unique(rhythm.slot, return_inverse=True)
        velocity, offset = np.zeros(len(rhythm)), np.zeros(len(rhythm))
        for first in range(0, len(slots), SLOTS_PER_BATCH):
            chosen = (row >= first) & (row < first + SLOTS_PER_BATCH)
            inputs = context.inputs(slots[first : first + SLOTS_PER_BATCH])
            outputs = self._perceptron("touch", *inputs).reshape(-1, DRUMS, 1 + OFFSETS)
            key = rhythm.key[chosen]
            outputs = outputs[row[chosen] - first, DRUM_OF_KEY[key]] + self.weights["keys.weight"][key]
            velocity[chosen] = outputs[:, 0]
            offset[chosen] = median_offset(_softmax(outputs[:, 1:].astype(np.float64)))
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

    def hit_probabilities(self, rhythm: Rhythm, given: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(slots, DRUMS): how likely each drum is hit. given (DRUMS,): the drums whose hits are visible."""
        context = context_of(rhythm)
        parts = [np.zeros((0, DRUMS), np.float32)]
        for first in range(0, rhythm.slots, SLOTS_PER_BATCH):
            slots = np.arange(first, min(first + SLOTS_PER_BATCH, rhythm.slots))
            mask = np.broadcast_to(given.astype(np.float32), (len(slots), DRUMS))
            rhythm_inputs, position = context.inputs(slots, given)
            logits = self._perceptron("fill", rhythm_inputs, position, mask)
            parts.append(np.asarray(1 / (1 + np.exp(-logits)), np.float32))
        return np.concatenate(parts)

    def _perceptron(self, network: str, *inputs: Array) -> Array:
        """(n, outputs) of inputs (n, …)."""
        x = np.concatenate(inputs, 1)
        for layer in LAYERS:
            x = x @ self.weights[f"{network}.{layer}.weight"].T + self.weights[f"{network}.{layer}.bias"]
            if layer != LAYERS[-1]:
                x = np.where(x > 0, x, np.float32(NEGATIVE_SLOPE) * x)
        return x


def median_offset(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,): the median offset in steps of (n, OFFSETS) probabilities, each spread uniformly over its step."""
    cumulative = np.cumsum(probabilities, -1)
    step = np.minimum((cumulative < 0.5).sum(-1), OFFSETS - 1)
    inside = np.take_along_axis(probabilities, step[:, None], -1)[:, 0]
    before = np.take_along_axis(cumulative, step[:, None], -1)[:, 0] - inside
    return np.asarray(step - OFFSETS // 2 - 0.5 + (0.5 - before) / np.maximum(inside, 1e-9))


@dataclass(frozen=True)
class GrooveHeader:
    """The header of a file."""

    kind: Literal["groove"]
    drums: tuple[str, ...]
    figures: GrooveFigures | None = None

    def __post_init__(self) -> None:
        if self.drums != DRUM_NAMES:
            raise ValueError("it has other drums")


def save_groove(path: Path, groove: Groove) -> None:
    header = asdict(GrooveHeader("groove", DRUM_NAMES, groove.figures))
    weights = {name: weight.astype(np.float16) for name, weight in groove.weights.items()}
    write_arrays(path, header, {**weights, "thresholds": groove.thresholds})


def load_groove(path: Path) -> Groove:
    """Read what `save_groove` wrote, in half precision; every value and every shape is checked."""
    values = read_header(path)
    known = {entry.name for entry in fields(GrooveHeader)}
    try:
        header = build(GrooveHeader, {key: value for key, value in values.items() if key in known})
    except SchemaError as wrong:
        raise ArtifactDamaged(
            f"{path} is not a groove model of this version: {wrong}.", "Run: vaemusic train groove"
        ) from None
    types = {name: TensorType(shape, "F16") for name, shape in SHAPES.items()}
    arrays = read_arrays(path, {**types, "thresholds": TensorType((DRUMS,))})
    weights = {name: arrays[name].astype(np.float32) for name in SHAPES}
    return Groove(weights, arrays["thresholds"], header.figures)


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Over the last axis."""
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(-1, keepdims=True))


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
