"""Training data of the groove networks: slots of real songs with their context, and how their hits were performed.

Many files are quantised: notated with one velocity, or moved onto the grid. Velocities are learned from the songs that
have dynamics, offsets from those that have timing, and which drums belong together from all songs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pianoroll_vae.models.groove.groove import DRUMS, OFFSETS, POSITION_SIZE, WINDOW, context_of
from pianoroll_vae.music.drum_kit import DRUM_OF_KEY
from pianoroll_vae.music.drum_rhythm import SLOTS_PER_BAR, Rhythm, played_rhythm
from pianoroll_vae.music.song import Song

MIN_HITS = 64
"""Of a song, to be used."""

SLOTS_PER_SONG = 64
MIN_VELOCITY_SPREAD = 4.0
"""A song has dynamics from this standard deviation of velocities around each drum's mean."""

MIN_OFFSET_SHARE = 0.1
"""A song has timing where at least this share of its hits is off the grid."""


@dataclass(frozen=True, eq=False)
class GrooveTrainingData:
    """Slots of many songs. A song that is read twice, with and without triplets, counts as two."""

    names: tuple[str, ...]
    """(songs,)"""

    has_dynamics: NDArray[np.bool_]
    """(songs,)"""

    has_timing: NDArray[np.bool_]
    """(songs,)"""

    hit_rate: Tensor
    """(songs, SLOTS_PER_BAR, DRUMS), as `Context.hit_rate`."""

    window: Tensor
    """(slots, 2 * WINDOW + 1, DRUMS) uint8, as `Context.window`."""

    position: Tensor
    """(slots, POSITION_SIZE), as `Context.position`."""

    song: Tensor
    """(slots,): index of the song."""

    slot: Tensor
    """(hits,): index of the slot, ascending."""

    key: Tensor
    """(hits,): MIDI key."""

    velocity: Tensor
    """(hits,): 0 to 1."""

    offset: Tensor
    """(hits,) int64: 0 is 3 steps early, 6 is 3 steps late."""

    place: Tensor
    """(hits,): slot in the bar."""

    def __len__(self) -> int:
        return len(self.song)

    def fingerprint(self) -> str:
        """A digest of all arrays."""
        digest = blake2b(self.has_dynamics.tobytes() + self.has_timing.tobytes(), digest_size=16)
        for name in ("hit_rate", *_COLUMNS):
            digest.update(getattr(self, name).numpy().data)
        return digest.hexdigest()

    def hits_of(self, slots: Tensor) -> tuple[Tensor, Tensor]:
        """For each hit in some slots (n,): in which of the n it lies, and its index among all hits."""
        first, end = torch.searchsorted(self.slot, slots), torch.searchsorted(self.slot, slots, right=True)
        count = end - first
        row = torch.repeat_interleave(torch.arange(len(slots)), count)
        return row, torch.arange(len(row)) - (count.cumsum(0) - count)[row] + first[row]


def gather(
    songs: Iterable[tuple[str, Song]], instrument: int, triplets: Sequence[bool] = (False, True)
) -> GrooveTrainingData:
    """Training data of named songs; `instrument`: the index of the drums in their band.

    Each song is read with all places on sixteenths and, where it has triplets, once more with places on triplets.
    """
    readings: list[_Reading] = []
    for name, song in songs:
        chosen = song.notes.instrument == instrument
        if int(chosen.sum()) < MIN_HITS:
            continue
        velocity = song.notes.velocity[chosen].astype(np.float32)
        for with_triplets in triplets:
            rhythm = played_rhythm(song, instrument, with_triplets)
            if with_triplets and not rhythm.triplets.any() and len(triplets) > 1:
                continue
            readings.append(_read(name, rhythm, velocity, np.random.default_rng(len(readings))))
    return _join(readings)


@dataclass(frozen=True, eq=False)
class _Reading:
    """One reading of one song."""

    name: str
    has_dynamics: bool
    has_timing: bool
    hit_rate: NDArray[np.float32]
    slots: int
    columns: Mapping[str, NDArray[Any]]
    """By the names of `_COLUMNS`; slots are counted from this reading's first."""


def _read(name: str, rhythm: Rhythm, velocity: NDArray[np.float32], rng: np.random.Generator) -> _Reading:
    context = context_of(rhythm)
    sampled = _sample_slots(rhythm, rng)
    columns = _hits_in(rhythm, velocity, sampled)
    columns |= {"window": context.window[sampled], "position": context.position[sampled]}
    return _Reading(
        name,
        _velocity_spread(rhythm, velocity) >= MIN_VELOCITY_SPREAD,
        _offset_share(rhythm) >= MIN_OFFSET_SHARE,
        context.hit_rate,
        len(sampled),
        columns,
    )


def _join(readings: Sequence[_Reading]) -> GrooveTrainingData:
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in _COLUMNS}
    slots = 0
    for number, reading in enumerate(readings):
        for key, values in reading.columns.items():
            columns[key].append(values + slots if key == "slot" else values)
        columns["song"].append(np.full(reading.slots, number))
        slots += reading.slots
    tensors = {
        key: torch.from_numpy(np.concatenate([np.zeros((0, *shape), dtype), *columns[key]]).astype(dtype))
        for key, (shape, dtype) in _COLUMNS.items()
    }
    hit_rate = np.array([reading.hit_rate for reading in readings], np.float32).reshape(-1, SLOTS_PER_BAR, DRUMS)
    return GrooveTrainingData(
        tuple(reading.name for reading in readings),
        np.array([reading.has_dynamics for reading in readings], np.bool_),
        np.array([reading.has_timing for reading in readings], np.bool_),
        hit_rate=torch.from_numpy(hit_rate),
        **tensors,
    )


_COLUMNS: dict[str, tuple[tuple[int, ...], type[np.generic]]] = {
    "window": ((2 * WINDOW + 1, DRUMS), np.uint8),
    "position": ((POSITION_SIZE,), np.float32),
    "song": ((), np.int64),
    "slot": ((), np.int64),
    "key": ((), np.int64),
    "velocity": ((), np.float32),
    "offset": ((), np.int64),
    "place": ((), np.int64),
}
"""Shape of an entry and dtype."""


def _sample_slots(rhythm: Rhythm, rng: np.random.Generator) -> NDArray[np.int64]:
    """Random slots of the bars with hits, ascending."""
    playing = np.flatnonzero(np.isin(rhythm.bar, rhythm.bar[rhythm.slot]))
    return np.sort(rng.choice(playing, min(SLOTS_PER_SONG, len(playing)), replace=False))


def _hits_in(rhythm: Rhythm, velocity: NDArray[np.float32], slots: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """The hits in some slots; of a flam only the main hit."""
    row = np.searchsorted(slots, rhythm.slot)
    chosen = (slots[np.minimum(row, len(slots) - 1)] == rhythm.slot) & rhythm.leads
    hits = np.flatnonzero(chosen)[np.argsort(row[chosen], kind="stable")]
    return {
        "slot": row[hits],
        "key": rhythm.key[hits],
        "velocity": velocity[hits] / 127,
        "offset": np.clip(rhythm.offset[hits], -3, 3).astype(np.int64) + OFFSETS // 2,
        "place": rhythm.place_in_bar[rhythm.slot[hits]],
    }


def _velocity_spread(rhythm: Rhythm, velocity: NDArray[np.float32]) -> float:
    """Standard deviation of velocities around their drum's mean."""
    drum = DRUM_OF_KEY[rhythm.key]
    mean = np.bincount(drum, velocity, DRUMS) / np.maximum(np.bincount(drum, minlength=DRUMS), 1)
    return float(np.sqrt(np.mean((velocity - mean[drum]) ** 2)))


def _offset_share(rhythm: Rhythm) -> float:
    """The share of hits off the grid, those on thirds of a beat left out: they are triplets."""
    on_a_third = np.isin((rhythm.place + rhythm.offset) % 24, (8, 16))
    return float(((rhythm.offset != 0) & ~on_a_third).mean())
