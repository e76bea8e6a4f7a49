"""Holds new notes in a key and in their chords: what is outside of both is moved to the scale, or left out.

A chord of the song keeps its tones: the G sharp of E7 stays in A minor, whose scale has none.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.chart_marks import chart_marks
from pianoroll_vae.music.chart_reading import half_bar_edges, read_labels
from pianoroll_vae.music.chord_labels import CHORD_TONES, parse_chord_label
from pianoroll_vae.music.chords import Harmony, are_chord_tones
from pianoroll_vae.music.key import Key, snap_to_key
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.song_key import is_in_key


def hold_key(
    arrangement: Arrangement, key: Key, harmony: Harmony | None, plays_chords: bool = False, drop: bool = False
) -> Song:
    """The new notes, on the pitches that they have before the arrangement is transposed, in a key of theirs.

    harmony: (beats, 12) chords that were asked for; without it the chords are those of the chart, if the band has
    played it, else those of the kept notes, where these are in the key. drop: leave notes out, instead of moving them.
    """
    new, drums = arrangement.new, arrangement.new.band.drums
    starts, tones = _chords(arrangement, key, harmony, plays_chords)
    kept = are_chord_tones(new.notes, starts * new.steps_per_beat, tones)
    return replace(new, notes=snap_to_key(new.notes, drums, key, drop, kept))


def _chords(
    arrangement: Arrangement, key: Key, harmony: Harmony | None, plays_chords: bool
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The beats at which chords begin, (chords,), and their tones, (chords, 12); none are known before the first."""
    new = arrangement.new
    if harmony is not None:
        return np.arange(len(harmony), dtype=np.float64), harmony & ~harmony.all(1, keepdims=True)
    marks = arrangement.marks if arrangement.chart is None else chart_marks(arrangement.chart, new)
    if plays_chords and marks is not None:
        steps = np.array([step for step, _ in marks.chords], np.float64)
        labels = np.array([parse_chord_label(symbol)[0] for _, symbol in marks.chords], np.int64)
        return steps / new.steps_per_beat, CHORD_TONES[labels]
    kept = replace(arrangement, new=replace(new, notes=Notes.empty()), transpose=0).song()
    if not len(kept.notes) or not is_in_key(kept, key):
        return np.zeros(0), np.zeros((0, 12), np.bool_)
    return half_bar_edges(kept)[:-1] / kept.steps_per_beat, CHORD_TONES[read_labels(kept)]
