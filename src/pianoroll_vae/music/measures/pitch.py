"""Which notes are played: measures of pitch, one instrument or a whole band at a time.

`cells` are rolls as True and False, (…, steps, 128). What cannot be measured (the pitch of no note) is NaN.
"""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.measures.ratio import Values, entropy, mean_where, ratio
from pianoroll_vae.music.notes import PITCHES

PITCH_CLASSES = 12

_CLASS_OF_PITCH = (np.arange(PITCHES)[:, None] % PITCH_CLASSES == np.arange(PITCH_CLASSES)).astype(np.float32)
_SCALES = np.array([[1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1], [1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0]])
_KEYS = np.stack([np.roll(scale, root) for scale in _SCALES for root in range(PITCH_CLASSES)])  # (24, 12)


def pitch_classes(counts: NDArray[np.generic]) -> NDArray[np.float32]:
    """(…, 128) counts of pitches as (…, 12) counts of pitch classes, C first."""
    folded: NDArray[np.float32] = counts.astype(np.float32) @ _CLASS_OF_PITCH
    return folded


def used_pitch_classes(classes: NDArray[np.float32]) -> Values:
    """UPC: pitch classes used in a bar, mean over the bars that sound (MuseGAN). `classes` (…, bars, 12)."""
    used = (classes > 0).sum(-1)
    return mean_where(used, used > 0)


def pitch_class_entropy(classes: NDArray[np.float32]) -> Values:
    """PCE: entropy in bits of the notes' pitch classes (Wu and Yang; MMT). `classes` (…, 12): notes begun."""
    return entropy(classes)


def scale_consistency(classes: NDArray[np.float32]) -> Values:
    """SC: share of the notes in the major or minor scale that fits best (Mogren; MMT). `classes` (…, 12)."""
    return ratio((classes @ _KEYS.T).max(-1), classes.sum(-1))


def polyphony(sounding: NDArray[np.int64]) -> Values:
    """Pitches that sound at once, mean over the steps at which any do (muspy). `sounding` (…, steps)."""
    return mean_where(sounding, sounding > 0)


def mean_pitch(pitches: NDArray[np.int64]) -> Values:
    """Mean pitch of the notes begun. `pitches` (…, 128): notes begun on each pitch."""
    return ratio((pitches * np.arange(PITCHES)).sum(-1), pitches.sum(-1))


def pitch_range(pitches: NDArray[np.int64]) -> Values:
    """Semitones from the lowest to the highest note. `pitches` (…, 128): notes begun on each pitch."""
    played = pitches > 0
    lowest = played.argmax(-1)
    highest = PITCHES - 1 - played[..., ::-1].argmax(-1)
    return np.where(played.any(-1), highest - lowest, np.nan)


def mean_leap(onsets: NDArray[np.bool_]) -> Values:
    """Mean size in semitones of the moves of the upper line: the highest note begun at each step that begins any."""
    top = np.where(onsets.any(-1), PITCHES - 1 - onsets[..., ::-1].argmax(-1), -1)  # (…, steps)
    rows = top.reshape(-1, top.shape[-1])
    row, step = np.nonzero(rows >= 0)
    line = rows[row, step]
    same = row[1:] == row[:-1]
    leaps = np.abs(np.diff(line))[same]
    total = np.bincount(row[1:][same], weights=leaps, minlength=len(rows))
    moves = np.bincount(row[1:][same], minlength=len(rows))
    return ratio(total, moves).reshape(top.shape[:-1])
