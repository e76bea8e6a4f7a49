"""What a song is written for besides its chart: genres, tempo and the traits of each part. numpy alone.

Each is known for some training songs and hidden in some windows, so that a song can be written with any of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.traits import TRAITS, UNKNOWN_CLASS
from pianoroll_vae.models.recipe import MAX_GENRES

GENRES = MAX_GENRES
"""Inputs for genres; `Recipe.genres` names the first of them."""

TEMPO_EDGES = np.array([65.0, 80.0, 95.0, 110.0, 125.0, 140.0, 160.0])
"""Beats a minute between the classes of tempo."""

TEMPOS = len(TEMPO_EDGES) + 2
"""Classes of tempo: unknown first."""


@dataclass(frozen=True, eq=False)
class Conditions:
    """The conditions of one song or, with a leading axis, of several."""

    genres: NDArray[np.float32]
    """(…, GENRES): 1 for the genres of the song, 0 for others, and where none is known; in playing, how strongly each
    counts."""

    tempo: NDArray[np.int64]
    """(…,): class of tempo."""

    traits: NDArray[np.int64]
    """(…, instruments, traits), see `traits.TRAITS`."""

    density_targets: NDArray[np.float64] | None = None
    """(instruments,): the notes a bar to which a part is led where its density is asked for, else NaN. None where none
    is asked for, as in training."""

    def __getitem__(self, songs: NDArray[np.int64] | slice | int) -> "Conditions":
        return Conditions(self.genres[songs], self.tempo[songs], self.traits[songs])

    @staticmethod
    def unknown(instruments: int) -> "Conditions":
        traits = np.full((instruments, len(TRAITS)), UNKNOWN_CLASS)
        return Conditions(np.zeros(GENRES, np.float32), np.array(UNKNOWN_CLASS), traits)

    @staticmethod
    def stack(songs: Sequence["Conditions"], instruments: int) -> "Conditions":
        return Conditions(
            np.array([song.genres for song in songs], np.float32).reshape(-1, GENRES),
            np.array([song.tempo for song in songs], np.int64),
            np.array([song.traits for song in songs], np.int64).reshape(-1, instruments, len(TRAITS)),
        )


def multi_hot_genres(names: Sequence[str], known: Sequence[str]) -> NDArray[np.float32]:
    """(GENRES,): 1 for each of the model's genres that a song has."""
    multi_hot = np.zeros(GENRES, np.float32)
    multi_hot[[known.index(name) for name in names if name in known]] = 1
    return multi_hot


def tempo_class(beats_a_minute: float) -> int:
    return int(np.searchsorted(TEMPO_EDGES, beats_a_minute, side="right")) + 1


def hide_conditions(conditions: Conditions, rng: np.random.Generator) -> Conditions:
    """The conditions of several songs with some of them unknown: a fifth of the genres, of the tempi, of the parts'
    traits and of single traits."""
    songs, instruments, traits = conditions.traits.shape
    genres, tempo = rng.random((songs, 1)) < 0.2, rng.random(songs) < 0.2
    hidden = (rng.random((songs, instruments, 1)) < 0.2) | (rng.random((songs, instruments, traits)) < 0.2)
    return Conditions(
        conditions.genres * ~genres,
        np.where(tempo, UNKNOWN_CLASS, conditions.tempo),
        np.where(hidden, UNKNOWN_CLASS, conditions.traits),
    )
