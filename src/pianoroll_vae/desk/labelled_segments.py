"""Segments of songs with what directions are learned from: their latents, their attributes and their genres."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.ensemble import Ensemble, Latents
from pianoroll_vae.music.attributes import attribute_values
from pianoroll_vae.music.measures.ratio import Values
from pianoroll_vae.music.song import Song

MIN_SEGMENTS = 50
"""In which an instrument plays, of a genre and of others, below which nothing is learned."""


@dataclass(frozen=True, eq=False)
class LabelledSegments:
    """Latents (n, instruments, latent_size) of segments, their attributes (n, instruments, attributes) and genres."""

    latents: Latents
    attribute_values: Values
    genres: NDArray[np.bool_]
    """(n, genres)"""

    @staticmethod
    def encode(ensemble: Ensemble, song: Song, genres: NDArray[np.bool_], count: int) -> "LabelledSegments":
        """At most `count` segments of a song, evenly spaced; genres: (genres,), of the song."""
        latents = ensemble.encode(song)
        values = measure_segments(ensemble, ensemble.in_segments(song))[: len(latents)]
        whole = LabelledSegments(latents, values, np.tile(genres, (len(latents), 1)))
        return whole.subsample(count)

    @staticmethod
    def concatenate(parts: Sequence["LabelledSegments"]) -> "LabelledSegments":
        columns = ([getattr(part, name) for part in parts] for name in ("latents", "attribute_values", "genres"))
        return LabelledSegments(*map(np.concatenate, columns))

    def __len__(self) -> int:
        return len(self.latents)

    def subsample(self, count: int) -> "LabelledSegments":
        """At most `count` segments, evenly spaced."""
        chosen = np.unique(np.linspace(0, len(self) - 1, min(count, len(self))).astype(int))
        return LabelledSegments(self.latents[chosen], self.attribute_values[chosen], self.genres[chosen])

    def playing(self, instrument: int) -> NDArray[np.bool_]:
        """(n,): the segments in which an instrument plays."""
        return np.asarray(~np.isnan(self.attribute_values[:, instrument]).any(-1))

    def attribute_spread(self) -> Values:
        """(instruments, attributes): standard deviations over the segments in which the instrument plays; 0 where there
        are none."""
        own = (self.attribute_values[self.playing(i), i] for i in range(self.latents.shape[1]))
        return np.stack([values.std(0) if len(values) else np.zeros(values.shape[1]) for values in own])

    def latent_spread(self) -> Latents:
        """(instruments, latent_size): the same of the latents; 0 where there are few segments."""
        own = (self.latents[self.playing(i), i] for i in range(self.latents.shape[1]))
        few = np.zeros(self.latents.shape[2], np.float32)
        return np.stack([few if len(latents) < MIN_SEGMENTS else latents.std(0) for latents in own])


def measure_segments(ensemble: Ensemble, song: Song) -> Values:
    """(segments, instruments, attributes) of a song on the ensemble's grid whose segments all have `segment_beats`."""
    steps = ensemble.segment_beats * ensemble.steps_per_beat
    segments = -(-song.steps // steps)
    return attribute_values(song.notes, len(ensemble.band), segments, steps, ensemble.steps_per_beat)
