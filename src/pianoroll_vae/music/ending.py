"""Ends a song: in its last bar the instruments that play hold a chord, and the drums strike a last time.

The models learn from songs without their last bars, which are unlike all others: in 300 songs of LPD the last bar has a
quarter of the usual notes, begins on its first beat, and its chord sounds for four beats. So endings are made by rule.
"""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.band import Band
from pianoroll_vae.music.chord_labels import CHORD_TONES, NO_CHORD, Labels, roots
from pianoroll_vae.music.drum_kit import DRUM_NAMES, DRUM_OF_KEY, USUAL_KEYS
from pianoroll_vae.music.notes import PITCHES, Notes

LAST_HIT = ("kick", "crash")
HEARD_BEATS = 8
"""Beats before the ending in which an instrument plays that takes part in it."""

MIN_BEATS = 2
"""Of the ending's first chord, where a song stops within a bar."""

MIN_SONG_BEATS = 12
"""Beats of a song that gets an ending."""


def ending_beat(beats: float, beats_per_bar: float = 4) -> float | None:
    """The beat at which the ending of a song of so many beats begins: its last bar line that leaves time for it; None
    for a song too short for one."""
    bar = (beats - min(MIN_BEATS, beats_per_bar)) // beats_per_bar
    return bar * beats_per_bar if beats >= MIN_SONG_BEATS else None


def with_ending(notes: Notes, band: Band, edges: NDArray[np.int64], steps_per_beat: int, chords: Labels) -> Notes:
    """Notes until the step `edges[0]`, then an ending until the last of the edges (half bars + 1,).

    chords: (half bars,), those of the ending: each that differs from the one before is struck anew; without a chord the
    pitches stay.
    """
    begin = int(edges[0])
    played = notes[notes.start < begin].between(0, begin)
    last = played[played.end > begin - HEARD_BEATS * steps_per_beat]
    parts = [played]
    changes = np.flatnonzero(np.diff(chords, prepend=-1)) if len(chords) else np.zeros(0, np.int64)
    starts = [*edges[changes].tolist(), int(edges[-1])]
    for half, start, stop in zip(changes.tolist(), starts, starts[1:], strict=False):
        if start < stop:
            parts.append(_chord(last, band, start, stop - start, int(chords[half])))
            parts.append(_hit(last, band, start, max(steps_per_beat // 4, 1)))
    return Notes.concatenate(parts)


def _chord(last: Notes, band: Band, start: int, length: int, chord: int) -> Notes:
    """What the pitched instruments played last as a chord; basses and the lowest voice have its root."""
    pitched = [index for index, instrument in enumerate(band) if not instrument.is_drum]
    together = Notes.concatenate([_voices(last[last.instrument == index]) for index in pitched])
    if not len(together):
        return together
    pitch = together.pitch.astype(np.int64)
    if chord != NO_CHORD:
        basses = [index for index in pitched if band.instruments[index].is_bass]
        lowest = np.isin(together.instrument, basses) | (pitch == pitch.min())
        tones = CHORD_TONES[chord][np.arange(PITCHES) % 12]
        root = np.arange(PITCHES) % 12 == roots(np.array(chord))
        pitch = np.array(
            [_nearest(p, root if low else tones) for p, low in zip(pitch.tolist(), lowest.tolist(), strict=True)]
        )
    size = len(pitch)
    return Notes.tidy(together.instrument, pitch, [start] * size, [length] * size, together.velocity)


def _voices(part: Notes) -> Notes:
    """The latest of an instrument's largest chords, with its usual velocity."""
    if not len(part):
        return part
    starts, sizes = np.unique(part.start, return_counts=True)
    chosen = part[part.start == starts[sizes == sizes.max()].max()]
    velocity = np.full(len(chosen), np.median(part.velocity))
    return Notes.tidy(chosen.instrument, chosen.pitch, chosen.start, chosen.length, velocity)


def _nearest(pitch: int, allowed: NDArray[np.bool_]) -> int:
    """The nearest allowed pitch, the lower of two; allowed: (128,)."""
    candidates = np.flatnonzero(allowed)
    return int(candidates[np.abs(candidates - pitch).argmin()])


def _hit(last: Notes, band: Band, start: int, length: int) -> Notes:
    """A last hit of kick and crash, on the keys that the drums used most, as loud as their loudest."""
    hits = [Notes.empty()]
    for index in (index for index, instrument in enumerate(band) if instrument.is_drum):
        part = last[last.instrument == index]
        for kind in map(DRUM_NAMES.index, LAST_HIT) if len(part) else ():
            used = part.pitch[DRUM_OF_KEY[part.pitch] == kind]
            key = int(np.bincount(used).argmax()) if len(used) else USUAL_KEYS[kind]
            hits.append(Notes.tidy([index], [key], [start], [length], [part.velocity.max()]))
    return Notes.concatenate(hits)
