"""The drummer's touch: how loud and how far beside its place each hit is played, and what a whole kit plays to taps.

Two small networks look at the same thing: two bars of rhythm around a slot, what each drum usually does in a bar of
this song, and where in the bar the slot is. There is no chance in them. Knows nothing of songs or MIDI.
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

DRUMS = len(DRUM_NAMES)
WINDOW = 16
"""Slots that are looked at to each side."""

OFFSETS = 7
"""A hit is played -3 to 3 steps beside its place."""

FARTHEST, FARTHEST_TRIPLET = 2.5, 1.75
"""Steps: never so far that a hit could meet the next one of its drum."""

SEEN = (2 * WINDOW + 1) * DRUMS + SLOTS_PER_BAR * DRUMS
ABOUT = SLOTS_PER_BAR + 3 + 1
HIDDEN = 96
HIDDEN_FROM_TOUCH, HIDDEN_FROM_FILL = 0.4, 0.1
"""Shares that are dropped while learning; who completes taps sees little as it is."""

KEYS = 128
_AT_ONCE = 4096


@dataclass(frozen=True, eq=False)
class Context:
    """What the networks see of a rhythm, slot by slot."""

    window: NDArray[np.uint8]
    """(slots, 2 * WINDOW + 1, DRUMS): which drums are hit in the slots around each."""

    usual: NDArray[np.float32]
    """(SLOTS_PER_BAR, DRUMS): the share of the bars with hits in which each drum is hit at this place."""

    about: NDArray[np.float32]
    """(slots, ABOUT): place in the bar, whether this beat and its neighbours are in triplets, tempo."""


def context_of(rhythm: Rhythm) -> Context:
    """All of a rhythm as the networks see it."""
    hit = np.zeros((rhythm.slots, DRUMS), np.uint8)
    hit[rhythm.slot, DRUM_OF_KEY[rhythm.key]] = 1
    padded = np.pad(hit, ((WINDOW, WINDOW), (0, 0)))
    window = sliding_window_view(padded, 2 * WINDOW + 1, axis=0).swapaxes(1, 2)
    bars = len(np.unique(rhythm.bar[rhythm.slot]))
    usual = np.zeros((SLOTS_PER_BAR, DRUMS), np.float32)
    np.add.at(usual, rhythm.place_in_bar, hit)
    triplet = np.pad(rhythm.triplets, 1)
    beat = np.arange(rhythm.slots) // SLOTS_PER_BEAT
    about = np.zeros((rhythm.slots, ABOUT), np.float32)
    about[np.arange(rhythm.slots), rhythm.place_in_bar] = 1
    about[:, SLOTS_PER_BAR : SLOTS_PER_BAR + 3] = np.stack([triplet[beat + side] for side in range(3)], 1)
    about[:, -1] = np.log2(rhythm.tempo / 120)
    return Context(window, np.minimum(usual / max(bars, 1), 1), about)


class GrooveNetwork(nn.Module):
    """The two networks. They take windows (n, 2 * WINDOW + 1, DRUMS), usuals (n, SLOTS_PER_BAR, DRUMS) and abouts
    (n, ABOUT). While they learn, much is hidden from them: else they would know songs by heart instead of rhythms."""

    def __init__(self) -> None:
        super().__init__()
        self.touch = _network(SEEN + ABOUT, DRUMS * (1 + OFFSETS), HIDDEN_FROM_TOUCH)
        self.keys = nn.Embedding(KEYS, 1 + OFFSETS)
        """A key may be played otherwise than the rest of its kind."""
        self.fill = _network(SEEN + ABOUT + DRUMS, DRUMS, HIDDEN_FROM_FILL)
        nn.init.zeros_(self.keys.weight)

    def touches(self, window: Tensor, usual: Tensor, about: Tensor, row: Tensor, key: Tensor) -> tuple[Tensor, Tensor]:
        """(hits,) velocities of 0 to 1 and (hits, OFFSETS) logits; `row` (hits,) says in which of the n slots, `key`
        (hits,) on which key each hit is."""
        said: Tensor = self.touch(torch.cat([self._seen(window, usual, HIDDEN_FROM_TOUCH), about], 1)).view(
            -1, DRUMS, 1 + OFFSETS
        )
        said = said[row, torch.from_numpy(DRUM_OF_KEY)[key]] + self.keys(key)
        return said[:, 0], said[:, 1:]

    def fills(self, window: Tensor, usual: Tensor, about: Tensor, known: Tensor) -> Tensor:
        """(n, DRUMS) logits that a drum is hit; `known` (n, DRUMS): of which it may be seen whether they are."""
        seen = self._seen(window * known[:, None], usual * known[:, None], HIDDEN_FROM_FILL)
        said: Tensor = self.fill(torch.cat([seen, about, known], 1))
        return said

    def _seen(self, window: Tensor, usual: Tensor, dropped: float) -> Tensor:
        return functional.dropout(torch.cat([window.flatten(1), usual.flatten(1)], 1), dropped, self.training)


def _network(seen: int, said: int, dropped: float) -> nn.Sequential:
    layers = []
    for inside in (seen, HIDDEN):
        layers += [nn.Linear(inside, HIDDEN), nn.LeakyReLU(0.1), nn.Dropout(dropped)]
    return nn.Sequential(*layers, nn.Linear(HIDDEN, said))


@dataclass(frozen=True, eq=False)
class Groove:
    """A trained drummer."""

    network: GrooveNetwork
    thresholds: NDArray[np.float32]
    """(DRUMS,): from which probability a drum is added."""

    about: dict[str, Any]
    """What it learned from, and how well it does on songs it has not heard."""

    @torch.inference_mode()
    def touch(self, rhythm: Rhythm) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(hits,): the velocity of each, 1 to 127, and how many steps beside its place it is played."""
        context = context_of(rhythm)
        slots, row = np.unique(rhythm.slot, return_inverse=True)
        velocity, offset = np.zeros(len(rhythm)), np.zeros(len(rhythm))
        for first in range(0, len(slots), _AT_ONCE):
            chosen = (row >= first) & (row < first + _AT_ONCE)
            loud, beside = self.network.touches(
                *_tensors(context, slots[first : first + _AT_ONCE]),
                torch.from_numpy(row[chosen] - first),
                torch.from_numpy(rhythm.key[chosen]),
            )
            velocity[chosen] = loud.double().numpy()
            offset[chosen] = middle(beside.double().softmax(-1).numpy())
        farthest = np.where(rhythm.triplets[rhythm.slot // SLOTS_PER_BEAT], FARTHEST_TRIPLET, FARTHEST)
        return np.clip(np.rint(velocity * 127), 1, 127).astype(np.int64), np.clip(offset, -farthest, farthest)

    def complete(self, rhythm: Rhythm) -> Rhythm:
        """The rhythm with the drums that the others of a kit play to it, in those bars in which it plays.

        Drum by drum, those that are most often played first: each one hears what has been added before it.
        """
        own = np.unique(DRUM_OF_KEY[rhythm.key])
        for drum in [drum for drum in COMPLETED if drum not in own]:
            known = np.isin(np.arange(DRUMS), [*own, *COMPLETED[: COMPLETED.index(drum)]])
            played = self.probabilities(rhythm, known)[:, drum] >= self.thresholds[drum]
            played &= np.isin(rhythm.bar, rhythm.bar[rhythm.slot])
            rhythm = _with_hits(rhythm, USUAL_KEYS[drum], np.flatnonzero(played))
        return rhythm

    @torch.inference_mode()
    def probabilities(self, rhythm: Rhythm, known: NDArray[np.bool_]) -> NDArray[np.float32]:
        """(slots, DRUMS): how likely each drum is hit, to what those drums play that are `known` (DRUMS,)."""
        context = context_of(rhythm)
        parts = [np.zeros((0, DRUMS), np.float32)]
        for first in range(0, rhythm.slots, _AT_ONCE):
            slots = np.arange(first, min(first + _AT_ONCE, rhythm.slots))
            mask = torch.from_numpy(known.astype(np.float32)).expand(len(slots), -1)
            parts.append(self.network.fills(*_tensors(context, slots), mask).sigmoid().numpy())
        return np.concatenate(parts)


COMPLETED = tuple(DRUM_NAMES.index(name) for name in ("kick", "snare", "hat", "ride", "open hat", "crash"))
COMPLETED += tuple(DRUM_NAMES.index(name) for name in ("low tom", "high tom", "stick"))


def middle(chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,): the median offset of (n, OFFSETS) probabilities, each taken to be spread evenly over its step."""
    reached = np.cumsum(chances, -1)
    step = np.minimum((reached < 0.5).sum(-1), OFFSETS - 1)
    inside = np.take_along_axis(chances, step[:, None], -1)[:, 0]
    before = np.take_along_axis(reached, step[:, None], -1)[:, 0] - inside
    return np.asarray(step - OFFSETS // 2 - 0.5 + (0.5 - before) / np.maximum(inside, 1e-9))


def save_groove(path: Path, groove: Groove) -> None:
    """Write a drummer, whole or not at all."""
    tensors = {**groove.network.state_dict(), "thresholds": torch.from_numpy(groove.thresholds)}
    write_tensors(path, {"kind": "groove", "drums": list(DRUM_NAMES), "about": groove.about}, tensors)


def load_groove(path: Path) -> Groove:
    """The drummer in a file, or an error that says why it is none."""
    header = read_header(path)
    if header.get("kind") != "groove" or header.get("drums") != list(DRUM_NAMES):
        raise ArtifactDamaged(f"{path} holds no drummer of this version.", "Run: vaemusic train groove")
    network = GrooveNetwork()
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    tensors = read_tensors(path, {**shapes, "thresholds": (DRUMS,)})
    thresholds = tensors.pop("thresholds").numpy()
    network.load_state_dict(tensors)
    return Groove(network.eval(), thresholds, dict(header.get("about", {})))


def _tensors(context: Context, slots: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
    usual = torch.from_numpy(context.usual).expand(len(slots), -1, -1)
    window = torch.from_numpy(np.ascontiguousarray(context.window[slots], np.float32))
    return window, usual, torch.from_numpy(context.about[slots])


def _with_hits(rhythm: Rhythm, key: int, slots: NDArray[np.int64]) -> Rhythm:
    in_beat = slots % SLOTS_PER_BEAT
    straight = slots * STEPS_PER_SLOT
    in_three = straight - in_beat * STEPS_PER_SLOT + np.array([0, 8, 12, 16])[in_beat]
    place = np.where(rhythm.triplets[slots // SLOTS_PER_BEAT], in_three, straight).astype(float)
    return replace(
        rhythm,
        key=np.append(rhythm.key, np.full(len(slots), key)),
        slot=np.append(rhythm.slot, slots),
        place=np.append(rhythm.place, place),
        offset=np.append(rhythm.offset, np.zeros(len(slots))),
        leads=np.append(rhythm.leads, np.ones(len(slots), np.bool_)),
    )
