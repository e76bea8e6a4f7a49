"""How instruments sound together: tonal distance and chords.

Works on pitch classes counted beat by beat, (…, beats, 12), C first.
"""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.chords import TRIADS
from pianoroll_vae.music.measures.pitch import PITCH_CLASSES
from pianoroll_vae.music.measures.ratio import Values, mean_where, ratio

_RADII = (1.0, 1.0, 0.5)
_ANGLES = (7 / 6, 3 / 2, 2 / 3)  # fifths, minor thirds, major thirds, in half turns for each semitone
_INTERVAL_ANGLES = np.arange(PITCH_CLASSES)[:, None] * np.array(_ANGLES) * np.pi
_TONAL_SPACE = np.concatenate([np.sin(_INTERVAL_ANGLES), np.cos(_INTERVAL_ANGLES)], axis=1) * np.tile(
    _RADII, 2
)  # (12, 6)

_CHORDS = TRIADS.astype(np.float32)


def tonal_distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> Values:
    """TD: distance of two instruments in Harte's tonal space, mean over the beats in which both sound (MuseGAN)."""
    total_one, total_other = one.sum(-1, keepdims=True), other.sum(-1, keepdims=True)
    both = ((total_one > 0) & (total_other > 0))[..., 0]
    place_one = (one / np.maximum(total_one, 1)) @ _TONAL_SPACE
    place_other = (other / np.maximum(total_other, 1)) @ _TONAL_SPACE
    return mean_where(np.linalg.norm(place_one - place_other, axis=-1), both)


def chord_tone_rate(beats: NDArray[np.float32], strong: NDArray[np.float32]) -> Values:
    """Share of the pitches sounding on beats 1 and 3 that belong to the triad fitting that half bar best.

    `beats` (…, beats, 12): cells that sound during each beat. `strong` (…, beats, 12): pitches that sound as each
    beat begins, of which every second beat is looked at. Of equally fitting triads, that of the largest
    share counts.
    """
    fit = (beats[..., 0::2, :] + beats[..., 1::2, :]) @ _CHORDS.T  # (…, half bars, 24)
    struck = strong[..., 0::2, :]
    belong = struck @ _CHORDS.T
    best = np.where(fit == fit.max(-1, keepdims=True), belong, 0).max(-1)
    return ratio(best.sum(-1), struck.sum((-2, -1)))
