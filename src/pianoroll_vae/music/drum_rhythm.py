"""Splits drum hits into places on the grid and timing offsets from them.

A place is a sixteenth of a beat of four, or a third or sixth of a beat of triplets; positions are counted in steps,
24 to a beat. Hits on a place all lie in one slot: four slots a beat, whatever the beat.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.meter import bar_starts
from pianoroll_vae.music.notes import Column
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song

SLOTS_PER_BEAT = 4
STEPS_PER_SLOT = FINE_STEPS_PER_BEAT // SLOTS_PER_BEAT
HALF_SLOT = STEPS_PER_SLOT / 2
SLOTS_PER_BAR = 16
"""Longer bars count on from 0: their second half is another bar."""

_SIXTH = FINE_STEPS_PER_BEAT // 6
_SLOT_OF_SIXTH = np.array([0, 1, 1, 2, 3, 3, 4])
GRID_BEATS = 8
"""Beats to each side of a beat whose onsets show where the song's own grid lies there."""

Steps = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rhythm:
    """Drum hits on their places; the first columns have one entry for each hit."""

    key: Column
    slot: Column
    place: Steps
    """The step that is meant: on the grid, but for all hits of a slot but one, which keep their distance to that."""

    offset: Steps
    """Steps from the place to where the hit is played."""

    leads: NDArray[np.bool_]
    """Whether the hit is the one of its key and slot that lies nearest to the place."""

    triplets: NDArray[np.bool_]
    """(beats,): whether the beat is divided in three."""

    place_in_bar: Column
    """(slots,): which slot of its bar each is, 0 to 15."""

    bar: Column
    """(slots,): counted from 0."""

    tempo: float

    def __len__(self) -> int:
        return len(self.key)

    @property
    def slots(self) -> int:
        return len(self.place_in_bar)

    def select(self, hits: NDArray[np.bool_]) -> Rhythm:
        """The rhythm of some of the hits (hits,)."""
        columns = {name: getattr(self, name)[hits] for name in ("key", "slot", "place", "offset", "leads")}
        return replace(self, **columns)


def find_rhythm(song: Song, key: Column, start: Steps, with_triplets: bool = True) -> Rhythm:
    """The rhythm of hits that begin at these steps of `song`; without triplets every place is a sixteenth."""
    beats = int(max(start.max(initial=0) // FINE_STEPS_PER_BEAT, song.beats)) + 2
    straight = np.rint(start / STEPS_PER_SLOT).astype(np.int64)
    beat = straight // SLOTS_PER_BEAT
    triplets = _triplet_beats(start, straight, beat, beats) if with_triplets else np.zeros(beats, np.bool_)
    sixth = np.clip(np.rint((start - beat * FINE_STEPS_PER_BEAT) / _SIXTH), 0, 6).astype(np.int64)
    slot = np.where(triplets[beat], beat * SLOTS_PER_BEAT + _SLOT_OF_SIXTH[sixth], straight)
    place = np.where(triplets[beat], beat * FINE_STEPS_PER_BEAT + sixth * _SIXTH, straight * STEPS_PER_SLOT).astype(
        float
    )
    offset = start - place
    order = np.lexsort((np.abs(offset), slot, key))
    first = np.append(True, (np.diff(slot[order]) != 0) | (np.diff(key[order]) != 0))[: len(order)]
    leader = np.empty(len(key), np.int64)
    leader[order] = order[np.maximum.accumulate(np.where(first, np.arange(len(order)), 0))]
    follows = leader != np.arange(len(key))
    place = np.where(follows, place[leader] + start - start[leader], place)  # a flam stays a flam
    offset = np.where(follows, offset[leader], offset)
    bar, place_in_bar = _bars(song, beats * SLOTS_PER_BEAT)
    return Rhythm(key, slot, place, offset, ~follows, triplets, place_in_bar, bar, song.tempo[0][1])


def played_rhythm(song: Song, drums: int, with_triplets: bool) -> Rhythm:
    """The rhythm of a song's drummer, `drums` in its band, measured against the grid that the whole song plays on."""
    chosen = song.notes.instrument == drums
    start = song.notes.start[chosen]
    own = grid_offsets(song.notes.start)[start // FINE_STEPS_PER_BEAT] if len(start) else 0
    return find_rhythm(song, song.notes.pitch[chosen].astype(np.int64), np.maximum(start - own, 0.0), with_triplets)


def grid_offsets(start: NDArray[np.int32]) -> Column:
    """(beats,): by how many steps, -3 to 2, the notes around each beat all lie beside the sixteenths.

    Files that were cut from performances, or whose tempo was rounded, drift against the grid as a whole: that is not
    the drummer's timing. All instruments count; each beat as much as any other.
    """
    beats = int(start.max(initial=0)) // FINE_STEPS_PER_BEAT + 1
    beside = np.zeros((beats, STEPS_PER_SLOT))
    np.add.at(beside, (start // FINE_STEPS_PER_BEAT, (start + STEPS_PER_SLOT // 2) % STEPS_PER_SLOT), 1)
    beside /= np.maximum(beside.sum(1, keepdims=True), 1)
    until = np.concatenate([np.zeros((1, STEPS_PER_SLOT)), np.cumsum(beside, 0)])
    here = np.arange(beats)
    around = until[np.minimum(here + GRID_BEATS + 1, beats)] - until[np.maximum(here - GRID_BEATS, 0)]
    smooth = around + (np.roll(around, 1, 1) + np.roll(around, -1, 1)) / 2
    return np.asarray(smooth.argmax(1) - STEPS_PER_SLOT // 2)


def _triplet_beats(start: Steps, straight: Column, beat: Column, beats: int) -> NDArray[np.bool_]:
    """(beats,): True where all hits lie within a step of the sixths of the beat, and nearer to them than to fours."""
    in_beat = start - beat * FINE_STEPS_PER_BEAT
    from_sixth = np.abs(in_beat - np.rint(in_beat / _SIXTH) * _SIXTH)
    from_fourth = np.abs(start - straight * STEPS_PER_SLOT)
    on_a_third = np.minimum(np.abs(in_beat - 8), np.abs(in_beat - 16)) <= 1
    far = np.bincount(beat, from_sixth > 1, beats)
    thirds = np.bincount(beat, on_a_third, beats)
    nearer = np.bincount(beat, from_sixth - from_fourth, beats)
    return np.asarray((far == 0) & (thirds > 0) & (nearer < 0))


def _bars(song: Song, slots: int) -> tuple[Column, Column]:
    """(slots,): the bar of each slot, and its place there, counted on after the song's end."""
    starts = bar_starts(replace(song, steps=slots * STEPS_PER_SLOT))
    step = np.arange(slots) * STEPS_PER_SLOT
    bar = np.searchsorted(starts, step, side="right") - 1
    into = ((step - starts[bar]) // STEPS_PER_SLOT).astype(np.int64)
    return bar, into % SLOTS_PER_BAR
