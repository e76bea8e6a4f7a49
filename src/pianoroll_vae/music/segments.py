"""All whole segments of a split in memory as pieces of notes, from which batches of rolls are made.

Most cells of a roll are silent: notes take a twentieth of the memory of packed bits, and painting a random batch from
them is faster than unpacking bits would be.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.music.notes import PITCHES


@dataclass(frozen=True, eq=False)
class SegmentBank:
    """Segments in the order of their songs. Slot s·instruments + i is what instrument i plays in segment s."""

    instruments: int
    segment_steps: int
    song_of: NDArray[np.int32]
    """(segments,): the index of each segment's song in the dataset."""

    position: NDArray[np.int32]
    """(segments,): its place within the song, counted from 0."""

    has_next: NDArray[np.bool_]
    """(segments,): whether the segment after it in the bank follows it in the same song."""

    sounding: NDArray[np.bool_]
    """(segments, instruments): whether the instrument plays there."""

    first: NDArray[np.int64]
    """(slots + 1,): where the pieces of each slot begin."""

    cell: NDArray[np.uint16]
    """(pieces,): step · 128 + pitch of a piece's first cell."""

    length: NDArray[np.uint16]
    """(pieces,): its steps."""

    velocity: NDArray[np.uint8]
    """(pieces,): 1 where the dataset keeps none."""

    begins: NDArray[np.bool_]
    """(pieces,): whether the note begins here, or sounds on from the segment before."""

    def __len__(self) -> int:
        return len(self.song_of)

    def batch(self, ids: ArrayLike, instrument: int | None = None) -> NDArray[np.uint8]:
        """Velocities (n, instruments, segment_steps, 128) of some segments; of one instrument, without its axis."""
        slots = self._slots(ids, instrument)
        rolls = np.zeros((slots.size, self.segment_steps * PITCHES), np.uint8)
        pieces, slot = self._pieces(slots)
        length = self.length[pieces].astype(np.intp)
        begin = slot * rolls.shape[1] + self.cell[pieces]
        # each piece's cells lie 128 apart: the distance to walk from one painted cell to the next
        ends = np.cumsum(length)
        cells = np.full(length.sum(), PITCHES, np.intp)
        cells[:1] = begin[:1]
        cells[ends[:-1]] = begin[1:] - begin[:-1] - (length[:-1] - 1) * PITCHES
        np.cumsum(cells, out=cells)
        rolls.reshape(-1)[cells] = np.repeat(self.velocity[pieces], length)
        return rolls.reshape(*slots.shape, self.segment_steps, PITCHES)

    @property
    def nbytes(self) -> int:
        """Memory taken."""
        return sum(value.nbytes for value in vars(self).values() if isinstance(value, np.ndarray))

    def _slots(self, ids: ArrayLike, instrument: int | None) -> NDArray[np.intp]:
        chosen = np.asarray(ids, np.intp) * self.instruments
        return chosen[:, None] + np.arange(self.instruments) if instrument is None else chosen + instrument

    def _pieces(self, slots: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The pieces of some slots, and for each the place of its slot among `slots`."""
        flat = slots.reshape(-1)
        begin, count = self.first[flat], self.first[flat + 1] - self.first[flat]
        slot = np.repeat(np.arange(len(flat)), count)
        before = np.cumsum(count) - count
        return np.arange(len(slot)) + (begin - before)[slot], slot


@dataclass(frozen=True)
class NoteColumns:
    """The notes of some songs, one song after the other, each in (instrument, pitch, start) order."""

    songs: NDArray[np.int32]
    """(songs,): their indices in the dataset."""

    steps: NDArray[np.int64]
    """(songs,): how long they are."""

    counts: NDArray[np.int64]
    """(songs,): how many notes each has; the other columns are (sum of counts,)."""

    row: NDArray[np.int64]
    start: NDArray[np.int64]
    length: NDArray[np.int64]
    velocity: NDArray[np.uint8]


def build_bank(parts: Iterable[NoteColumns], instruments: int, segment_steps: int) -> SegmentBank:
    """The bank of all whole segments; a song's last, incomplete one is left out."""
    songs: list[NDArray[np.int32]] = [np.zeros(0, np.int32)]
    positions: list[NDArray[np.int32]] = [np.zeros(0, np.int32)]
    counts: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    pieces: list[_Pieces] = [_NO_PIECES]
    for part in parts:
        segments = part.steps // segment_steps
        songs.append(np.repeat(part.songs, segments))
        positions.append(_count_up(segments).astype(np.int32))
        cut, slots = _cut(part, segments, instruments, segment_steps)
        counts.append(np.bincount(slots, minlength=int(segments.sum()) * instruments))
        pieces.append(cut)
    position, in_slot = np.concatenate(positions), np.concatenate(counts)
    cell, length, velocity, begins = (np.concatenate(column) for column in zip(*pieces, strict=True))
    return SegmentBank(
        instruments,
        segment_steps,
        song_of=np.concatenate(songs),
        position=position,
        has_next=np.append(position[1:] > 0, np.zeros(min(1, len(position)), np.bool_)),
        sounding=(in_slot > 0).reshape(-1, instruments),
        first=np.concatenate((np.zeros(1, np.int64), np.cumsum(in_slot))),
        cell=cell,
        length=length,
        velocity=velocity,
        begins=begins,
    )


_Pieces = tuple[NDArray[np.uint16], NDArray[np.uint16], NDArray[np.uint8], NDArray[np.bool_]]
_NO_PIECES: _Pieces = (np.zeros(0, np.uint16), np.zeros(0, np.uint16), np.zeros(0, np.uint8), np.zeros(0, np.bool_))


def _cut(
    part: NoteColumns, segments: NDArray[np.int64], instruments: int, segment_steps: int
) -> tuple[_Pieces, NDArray[np.int64]]:
    """Notes cut at the borders of segments, in the order of their slots, and the slot of each piece."""
    song = np.repeat(np.arange(len(part.songs)), part.counts)
    end = np.minimum(part.start + part.length, (segments * segment_steps)[song])
    inside = np.flatnonzero(end > part.start)
    start, end, song = part.start[inside], end[inside], song[inside]
    spans = (end - 1) // segment_steps - start // segment_steps + 1  # how many segments a note sounds in
    note = np.repeat(np.arange(len(inside)), spans)
    into = _count_up(spans)
    segment = start[note] // segment_steps + into
    left_edge = segment * segment_steps
    first = np.maximum(start[note], left_edge) - left_edge
    last = np.minimum(end[note] - left_edge, segment_steps)
    row = part.row[inside][note]
    before = np.cumsum(segments) - segments
    slot = (before[song[note]] + segment) * instruments + row // PITCHES
    order = np.argsort(slot, kind="stable")
    cells = first * PITCHES + row % PITCHES
    return (
        cells[order].astype(np.uint16),
        (last - first)[order].astype(np.uint16),
        part.velocity[inside][note][order],
        (into == 0)[order],
    ), slot[order]


def _count_up(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, … counts[0] - 1, 0, 1, … counts[1] - 1, and so on."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
