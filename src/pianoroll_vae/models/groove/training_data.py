"""What a drummer learns from: slots of real songs with what surrounds them, and how their hits were really played.

Many files are stiff: typed in with one velocity, or moved onto the grid. Dynamics are learned from the songs that have
any, timing from those that were played; the others teach which drums belong together. Knows no networks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pianoroll_vae.models.groove.network import ABOUT, DRUMS, OFFSETS, WINDOW, context_of
from pianoroll_vae.music.drum_kit import DRUM_OF_KEY
from pianoroll_vae.music.drum_rhythm import SLOTS_PER_BAR, Rhythm, played_rhythm
from pianoroll_vae.music.song import Song

FEWEST_HITS = 64
SLOTS_A_SONG = 64
LIVELY_SPREAD = 4.0
"""Standard deviation of velocities around each drum's mean from which a song has dynamics."""

PLAYED_SHARE = 0.1
"""Of the hits lie beside their places where a song has timing."""


@dataclass(frozen=True, eq=False)
class GrooveTrainingData:
    """Slots of many songs. `song` columns are indices into those that have a row of their own, see `names`."""

    names: tuple[str, ...]
    lively: NDArray[np.bool_]
    """(songs,): whether there are dynamics to learn from."""

    played: NDArray[np.bool_]
    """(songs,): whether there is timing to learn from."""

    usual: Tensor
    """(songs, SLOTS_PER_BAR, DRUMS)"""

    window: Tensor
    """(slots, 2 * WINDOW + 1, DRUMS) uint8"""

    about: Tensor
    """(slots, ABOUT)"""

    song: Tensor
    """(slots,)"""

    row: Tensor
    """(hits,): the slot of each hit, ascending; of the hits:"""

    key: Tensor
    velocity: Tensor
    """(hits,) 0 to 1"""

    offset: Tensor
    """(hits,) int64: 0 is 3 steps early, 6 is 3 steps late"""

    place: Tensor
    """(hits,): the slot of the bar"""

    def __len__(self) -> int:
        return len(self.song)

    def hits_of(self, slots: Tensor) -> tuple[Tensor, Tensor]:
        """For each hit in some slots (n,): in which of the n it lies, and its place among all hits."""
        first, end = torch.searchsorted(self.row, slots), torch.searchsorted(self.row, slots, right=True)
        count = end - first
        row = torch.repeat_interleave(torch.arange(len(slots)), count)
        return row, torch.arange(len(row)) - (count.cumsum(0) - count)[row] + first[row]


def gather(
    songs: Iterable[tuple[str, Song]], drums: int, triplets: Sequence[bool] = (False, True)
) -> GrooveTrainingData:
    """The lessons of named songs in whose band `drums` is the drummer's place; the same songs give the same lessons.

    Each is heard on sixteenths alone and, where it has triplets, once more with those in their places.
    """
    columns: dict[str, list[NDArray[Any]]] = {name: [] for name in _COLUMNS}
    names: list[str] = []
    kinds: list[tuple[bool, bool]] = []
    usual = []
    slots = 0
    for name, song in songs:
        chosen = song.notes.instrument == drums
        if int(chosen.sum()) < FEWEST_HITS:
            continue
        velocity = song.notes.velocity[chosen].astype(np.float32)
        for with_triplets in triplets:
            rhythm = played_rhythm(song, drums, with_triplets)
            if with_triplets and not rhythm.triplets.any() and len(triplets) > 1:
                continue
            context = context_of(rhythm)
            taken = _some_slots(rhythm, np.random.default_rng(len(names)))
            column = _lesson(rhythm, velocity, taken)
            column["row"] = column["row"] + slots
            column |= {"window": context.window[taken], "about": context.about[taken]}
            column["song"] = np.full(len(taken), len(names))
            for key, values in column.items():
                columns[key].append(values)
            slots += len(taken)
            names.append(name)
            kinds.append((_spread(rhythm, velocity) >= LIVELY_SPREAD, _beside(rhythm) >= PLAYED_SHARE))
            usual.append(context.usual)
    tensors = {
        key: torch.from_numpy(np.concatenate([np.zeros((0, *shape), kind), *columns[key]]).astype(kind))
        for key, (shape, kind) in _COLUMNS.items()
    }
    usuals = torch.from_numpy(np.array(usual, np.float32).reshape(-1, SLOTS_PER_BAR, DRUMS))
    flags = np.array(kinds, np.bool_).reshape(-1, 2)
    return GrooveTrainingData(tuple(names), flags[:, 0], flags[:, 1], usual=usuals, **tensors)


_COLUMNS: dict[str, tuple[tuple[int, ...], type[np.generic]]] = {
    "window": ((2 * WINDOW + 1, DRUMS), np.uint8),
    "about": ((ABOUT,), np.float32),
    "song": ((), np.int64),
    "row": ((), np.int64),
    "key": ((), np.int64),
    "velocity": ((), np.float32),
    "offset": ((), np.int64),
    "place": ((), np.int64),
}


def _some_slots(rhythm: Rhythm, rng: np.random.Generator) -> NDArray[np.int64]:
    """Ascending slots of those bars in which anything is hit."""
    playing = np.flatnonzero(np.isin(rhythm.bar, rhythm.bar[rhythm.slot]))
    return np.sort(rng.choice(playing, min(SLOTS_A_SONG, len(playing)), replace=False))


def _lesson(rhythm: Rhythm, velocity: NDArray[np.float32], taken: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """The hits in some slots; of a flam the hit that is meant."""
    row = np.searchsorted(taken, rhythm.slot)
    chosen = (taken[np.minimum(row, len(taken) - 1)] == rhythm.slot) & rhythm.leads
    hits = np.flatnonzero(chosen)[np.argsort(row[chosen], kind="stable")]
    return {
        "row": row[hits],
        "key": rhythm.key[hits],
        "velocity": velocity[hits] / 127,
        "offset": np.clip(rhythm.offset[hits], -3, 3).astype(np.int64) + OFFSETS // 2,
        "place": rhythm.place_in_bar[rhythm.slot[hits]],
    }


def _spread(rhythm: Rhythm, velocity: NDArray[np.float32]) -> float:
    """How far velocities lie from their drum's mean."""
    drum = DRUM_OF_KEY[rhythm.key]
    mean = np.bincount(drum, velocity, DRUMS) / np.maximum(np.bincount(drum, minlength=DRUMS), 1)
    return float(np.sqrt(np.mean((velocity - mean[drum]) ** 2)))


def _beside(rhythm: Rhythm) -> float:
    """The share of hits beside their places that no triplet explains."""
    on_a_third = np.isin((rhythm.place + rhythm.offset) % 24, (8, 16))
    return float(((rhythm.offset != 0) & ~on_a_third).mean())
