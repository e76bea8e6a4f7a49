"""Measures drift over a song: instruments that fall silent, and a key that changes.

Instruments of real songs fall silent and real songs modulate, so their figures are given for comparison.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.measures.excerpt import UNDEFINED
from pianoroll_vae.music.song import Song


def plays_early(song: Song) -> NDArray[np.bool_]:
    """(instruments,): which ones play in the first quarter of the song."""
    return _plays(song, song.notes.start * 4 < song.steps)


def drops_out(song: Song) -> NDArray[np.bool_]:
    """(instruments,): which ones play in the first quarter of the song and are silent in its second half."""
    return plays_early(song) & ~_plays(song, song.notes.end.astype(np.int64) * 2 > song.steps)


@dataclass(frozen=True)
class KeyDrift:
    """Scale consistency of the first and of the last excerpt of a song in which a pitched note begins."""

    first: float
    last: float


def key_drift(scale_consistency: NDArray[np.floating]) -> KeyDrift | None:
    """The drift over a song's excerpts (excerpts,); None where fewer than two have any pitch."""
    measured = scale_consistency[scale_consistency != UNDEFINED]
    return KeyDrift(float(measured[0]), float(measured[-1])) if len(measured) > 1 else None


def _plays(song: Song, when: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.bincount(song.notes.instrument[when], minlength=len(song.band)) > 0
