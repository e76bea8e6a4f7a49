"""Moves played notes to the grid that each beat has: sixteenths or triplets.

Played notes lie a little before or after every grid. On twelfths of a beat, two bars that a musician calls the same
would differ. So all notes of a beat are moved to its sixteenths or to its triplets, whichever are nearer to the onsets
of the whole band. Of two grids that are nearly as near, the song's more common one is taken.
"""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import TWELFTHS_PER_BEAT

ADVANTAGE = 2
"""Twelfths, summed over the onsets of a beat, by which the song's rarer grid must be nearer."""

_PLACES = np.arange(TWELFTHS_PER_BEAT)
_SIXTEENTHS = (_PLACES + 1) // 3 * 3
_TRIPLETS = (_PLACES + 2) // 4 * 4
_SNAPPED = np.stack([_SIXTEENTHS, _TRIPLETS])
"""(2, 12): where each twelfth of a beat is moved to, up to the next beat."""

_ERROR = np.abs(_SNAPPED - _PLACES)
_MIN_LENGTHS = np.array([3, 4])


def triplet_beats(start: NDArray[np.integer], steps: int) -> NDArray[np.bool_]:
    """(beats,): whether a beat has triplets. start: (notes,), onsets in twelfths of a beat; steps: the song's."""
    beats = -(-steps // TWELFTHS_PER_BEAT) + 1
    beat, place = np.divmod(start, TWELFTHS_PER_BEAT)
    error = np.stack([np.bincount(beat, weights=row[place], minlength=beats) for row in _ERROR])
    gain = error[0] - error[1]
    return np.asarray(gain >= ADVANTAGE if gain.sum() <= 0 else gain > -ADVANTAGE)


def snap_steps(step: NDArray[np.integer], triplets: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(…,) twelfths of a beat, moved to the grids of their beats (beats,); steps after the last beat, to sixteenths."""
    beat, place = np.divmod(np.asarray(step, np.int64), TWELFTHS_PER_BEAT)
    inside = np.minimum(beat, len(triplets) - 1)
    grid = (triplets[inside] & (beat < len(triplets))).astype(np.int64)
    return np.asarray(beat * TWELFTHS_PER_BEAT + _SNAPPED[grid, place])


def snap_notes(notes: Notes, steps: int) -> Notes:
    """Notes on a grid of twelfths of a beat with onsets and ends on the grids of their beats. No note gets shorter than
    a sixteenth or a triplet."""
    triplets = triplet_beats(notes.start, steps)
    start, end = snap_steps(notes.start, triplets), snap_steps(notes.end, triplets)
    on_triplet = triplets[np.minimum(notes.start // TWELFTHS_PER_BEAT, len(triplets) - 1)].astype(np.int64)
    length = np.maximum(end - start, _MIN_LENGTHS[on_triplet])
    return Notes.tidy(notes.instrument, notes.pitch, start, length, notes.velocity)
