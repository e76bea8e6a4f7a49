"""When notes are played: measures of rhythm on any grid, in bars of four beats.

Arrays may have any leading axes. `steps` are grid steps, a bar has 4 · steps_per_beat of them. What cannot be measured
(a share of no notes) is NaN.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.measures.ratio import Values, mean_where, ratio
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import BEATS_PER_BAR

QUALIFIED_BEATS = 1 / 8
NEXT_TO_THE_PATTERN = 0.1

Counts = NDArray[np.integer[Any]]


def in_bars(counts: Counts, steps_per_beat: int) -> Counts:
    """(…, steps) as (…, bars, steps of a bar); steps must be whole bars."""
    bar = BEATS_PER_BAR * steps_per_beat
    return counts.reshape(*counts.shape[:-1], counts.shape[-1] // bar, bar)


def empty_bar_rate(sounding: Counts, steps_per_beat: int) -> Values:
    """EB: share of bars in which nothing sounds (MuseGAN). `sounding` (…, steps): pitches that sound."""
    return np.asarray(1.0 - in_bars(sounding, steps_per_beat).any(-1).mean(-1), np.float64)


def notes_per_bar(onsets: Counts, steps_per_beat: int) -> Values:
    """Note density: notes begun in a bar, mean over the bars in which any begin. `onsets` (…, steps): notes begun."""
    begun = in_bars(onsets, steps_per_beat).sum(-1)
    return mean_where(begun, begun > 0)


def on_beat_share(onsets: Counts, steps_per_beat: int) -> Values:
    """Share of the notes that begin on a beat."""
    return ratio(onsets[..., ::steps_per_beat].sum(-1), onsets.sum(-1))


def off_beat_share(onsets: Counts, steps_per_beat: int) -> Values:
    """Share of the notes that begin halfway between two beats; the grid must have an even number of steps a beat."""
    return ratio(onsets[..., steps_per_beat // 2 :: steps_per_beat].sum(-1), onsets.sum(-1))


def off_grid_share(onsets: Counts, steps_per_beat: int) -> Values:
    """Share of the notes that begin on no eighth: sixteenths, triplets and whatever lies between."""
    return ratio(onsets.sum(-1) - onsets[..., :: steps_per_beat // 2].sum(-1), onsets.sum(-1))


def notes_together(onsets: Counts) -> Values:
    """Notes begun at once, mean over the steps on which any begin."""
    return mean_where(onsets, onsets > 0)


def drum_pattern_rate(onsets: Counts, steps_per_beat: int) -> Values:
    """DP: share of drum hits on the eighths of a bar, a hit one step beside them counting for a tenth (MuseGAN)."""
    eighth = steps_per_beat // 2
    away = np.arange(onsets.shape[-1]) % eighth
    away = np.minimum(away, eighth - away)
    weight = np.array([1.0, NEXT_TO_THE_PATTERN, *[0.0] * eighth])[away]
    return ratio((onsets * weight).sum(-1), onsets.sum(-1))


def groove_consistency(onsets: Counts, steps_per_beat: int) -> Values:
    """GC: 1 − Hamming distance of the onset positions of neighbouring bars, mean over a piece (Wu and Yang; MMT)."""
    grooves = in_bars(onsets, steps_per_beat) > 0
    return np.asarray(1.0 - (grooves[..., 1:, :] != grooves[..., :-1, :]).mean((-2, -1)), np.float64)


def qualified_note_rate(notes: Notes, instruments: int, steps_per_beat: int) -> Values:
    """QN: (instruments,) share of the notes that last a 32nd note or longer (MuseGAN)."""
    long_enough = notes.length >= QUALIFIED_BEATS * steps_per_beat
    played = np.bincount(notes.instrument, minlength=instruments)
    return ratio(np.bincount(notes.instrument[long_enough], minlength=instruments), played)
