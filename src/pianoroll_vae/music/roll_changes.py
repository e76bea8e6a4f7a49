"""Applies the difference between two decoded rolls to the notes of a song.

A model never reproduces a song exactly. So the song is not replaced by what was decoded: notes that sound before a
change and not after it are removed, cells that sound only after it are added, all else is kept.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.notes import Column, Notes, Rolls


def removed_notes(row: Column, start: Column, end: Column, before: Rolls, after: Rolls) -> NDArray[np.bool_]:
    """(notes,): True where most of a note's cells sound in `before` and not in `after`, (instruments, steps, 128).

    Notes in any order by row (instrument · 128 + pitch, negative for notes that are left out) and steps [start, end).
    """
    steps = before.shape[1]
    gone = ((before > 0) & (after == 0)).transpose(0, 2, 1).reshape(-1, steps)
    first, last = np.clip(start, 0, steps), np.clip(np.maximum(end, start + 1), 0, steps)
    length = np.where(row < 0, 0, last - first)
    note = np.repeat(np.arange(len(row)), length)
    step = np.arange(len(note)) - np.repeat(np.cumsum(length) - length, length) + first[note]
    lost = np.bincount(note, weights=gone[row[note], step], minlength=len(row))
    return np.asarray(lost * 2 > length)


def added_notes(notes: Notes, before: Rolls, after: Rolls, drums: NDArray[np.bool_]) -> Notes:
    """What sounds in `after` only, and not in the song's own notes."""
    instruments, steps, _ = before.shape
    own = notes.rolls(instruments, steps) > 0
    return Notes.from_performance(np.where((before == 0) & ~own, after, 0).astype(np.uint8), drums)


def apply_roll_difference(rolls: Rolls, before: Rolls, after: Rolls) -> Rolls:
    """The same cell by cell, for rolls that are on the band's own grid: (…, steps, 128)."""
    stays = np.where((before > 0) & (after == 0), 0, rolls)
    return np.where((rolls == 0) & (before == 0), after, stays).astype(np.uint8)
