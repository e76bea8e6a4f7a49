"""Attributes of what an instrument plays in a segment: density, register, polyphony, syncopation, length, velocity.

An attribute of a segment in which no note begins is NaN."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.measures.ratio import Values, ratio
from pianoroll_vae.music.notes import Notes


@dataclass(frozen=True, eq=False)
class _Segments:
    """Notes of consecutive segments, by cell: segment · instruments + instrument."""

    notes: Notes
    cell: NDArray[np.int64]
    """(notes,)"""

    cells: int
    segment_steps: int
    steps_per_beat: int

    def count(self, weights: NDArray[np.float64] | None = None) -> Values:
        """(cells,): notes, or the sum of their weights (notes,)."""
        return np.bincount(self.cell, weights, self.cells).astype(np.float64)

    def mean(self, values: NDArray[np.float64]) -> Values:
        """(cells,): of values (notes,)."""
        return ratio(self.count(values), self.count())


def _density(segments: _Segments) -> Values:
    """Notes begun a beat."""
    beats = segments.segment_steps / segments.steps_per_beat
    return np.asarray(segments.count() / beats, np.float64)


def _register(segments: _Segments) -> Values:
    """Mean pitch of the notes."""
    return segments.mean(segments.notes.pitch.astype(np.float64))


def _polyphony(segments: _Segments) -> Values:
    """Notes that begin at once."""
    onsets = np.unique(segments.cell * segments.segment_steps + segments.notes.start % segments.segment_steps)
    times = np.bincount(onsets // segments.segment_steps, minlength=segments.cells)
    return ratio(segments.count(), times.astype(np.float64))


def _syncopation(segments: _Segments) -> Values:
    """Share of the notes that begin off the beat."""
    return segments.mean((segments.notes.start % segments.steps_per_beat != 0).astype(np.float64))


def _length(segments: _Segments) -> Values:
    """Mean length of a note in beats."""
    return segments.mean(segments.notes.length / segments.steps_per_beat)


def _velocity(segments: _Segments) -> Values:
    """Mean velocity of the notes."""
    return segments.mean(segments.notes.velocity.astype(np.float64))


ATTRIBUTE_MEASURES: dict[str, Callable[[_Segments], Values]] = {
    "density": _density,
    "register": _register,
    "polyphony": _polyphony,
    "syncopation": _syncopation,
    "length": _length,
    "velocity": _velocity,
}

OF_PITCHES = frozenset({"register", "length"})
"""Attributes that drums do not have: the pitch of a drum names its sound, and its length has no effect."""


def attribute_values(notes: Notes, instruments: int, segments: int, segment_steps: int, steps_per_beat: int) -> Values:
    """(segments, instruments, attributes): those of `ATTRIBUTE_MEASURES`, in order. notes: from step 0 on."""
    inside = notes[notes.start < segments * segment_steps]
    cell = inside.start.astype(np.int64) // segment_steps * instruments + inside.instrument
    own = _Segments(inside, cell, segments * instruments, segment_steps, steps_per_beat)
    measured = np.stack([measure(own) for measure in ATTRIBUTE_MEASURES.values()], -1)
    measured[own.count() == 0] = np.nan
    return measured.reshape(segments, instruments, -1)
