"""Measures what a move of the latents along a direction does to the music that they decode to."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.desk.labelled_segments import measure_segments
from pianoroll_vae.models.ensemble import Ensemble, Latents
from pianoroll_vae.music.measures.ratio import Values
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

OTHERS_COST = 1.5
"""Of the change of another attribute, beside the error of its own, when a direction's length is chosen."""


class DirectionEffects:
    """Changes of segments whose latents (n, instruments, latent_size) move along vectors (instruments, latent_size).

    `on_decoded` is called with `n` after each move."""

    def __init__(
        self, ensemble: Ensemble, latents: Latents, spread: Values, on_decoded: Callable[[int], None] = lambda n: None
    ) -> None:
        self.ensemble = ensemble
        self.latents = latents
        self.spread = spread
        """(instruments, attributes): what counts as a change of 1."""
        self.on_decoded = on_decoded
        self.before = self._decoded(ensemble.decode(latents))
        self.attributes_before = measure_segments(ensemble, self.before)

    def on_attribute(self, vectors: Latents, attribute: int) -> tuple[Values, Values]:
        """(instruments,) each, in standard deviations: the change of the attribute, the largest change of another."""
        shift = self.shifts(vectors)
        moves = np.where(_has_vector(vectors), shift[:, attribute], np.nan)
        return moves, np.nan_to_num(np.abs(np.delete(shift, attribute, axis=1))).max(1)

    def on_genre(self, vectors: Latents, probes: Latents) -> tuple[Values, Values]:
        """The same for a genre: the change of its probe's output once the decoded segments are encoded again."""
        decoded = self._moved(vectors)
        after, before = self.ensemble.encode(decoded), self.encoded_before
        spread = (before * probes).sum(-1).std(0)
        moves = ((after - before) * probes).sum(-1).mean(0) / np.maximum(spread, 1e-12)
        defined = _has_vector(vectors) & _has_vector(probes)
        return np.where(defined, moves, np.nan), np.nan_to_num(np.abs(self._shifts(decoded))).max(1)

    def shifts(self, vectors: Latents) -> Values:
        """(instruments, attributes): the change of each attribute, in standard deviations; NaN where none is known."""
        return self._shifts(self._moved(vectors))

    @cached_property
    def encoded_before(self) -> Latents:
        """Latents of the segments as they are decoded without a change."""
        return self.ensemble.encode(self.before)

    def _moved(self, vectors: Latents) -> Song:
        """Only the instruments with a vector are decoded again."""
        moving = _has_vector(vectors)
        still = self.before.notes[~moving[self.before.notes.instrument]]
        moved = self.ensemble.decode(self.latents + vectors, None, moving)
        self.on_decoded(len(self.latents))
        return self._decoded(Notes.concatenate([still, moved]))

    def _decoded(self, notes: Notes) -> Song:
        """The segments, one after the other."""
        steps = len(self.latents) * self.ensemble.segment_beats * self.ensemble.steps_per_beat
        return Song(self.ensemble.band, notes, steps, self.ensemble.steps_per_beat)

    def _shifts(self, decoded: Song) -> Values:
        """(instruments, attributes): NaN where no segment has a value both before and after."""
        moved = measure_segments(self.ensemble, decoded) - self.attributes_before
        count = (~np.isnan(moved)).sum(0)
        mean = np.nansum(moved, axis=0) / np.maximum(count, 1)
        return np.where((count > 0) & (self.spread > 0), mean / np.where(self.spread > 0, self.spread, 1), np.nan)


def direction_score(moves: Values, others: Values) -> Values:
    """The larger the better: how near a direction is to one standard deviation of its own and none of the others."""
    return np.asarray(-np.abs(1 - np.nan_to_num(moves)) - OTHERS_COST * others)


def _has_vector(vectors: Latents) -> NDArray[np.bool_]:
    """(instruments,): those with a vector that is not zero."""
    return np.asarray(np.abs(vectors).sum(-1) > 0)
