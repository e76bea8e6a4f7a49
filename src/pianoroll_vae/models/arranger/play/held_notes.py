"""Shortens notes that are held into a chord that they do not belong to, where chords are followed strictly."""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.sampling import LENGTH, PITCH, STEP
from pianoroll_vae.music.bars import LENGTHS, BarNotes
from pianoroll_vae.music.chord_labels import CHORD_TONES, NO_CHORD


def shorten_held_notes(notes: BarNotes, chords: NDArray[np.int64], half: int, bar_steps: int) -> BarNotes:
    """The notes of a bar; those that are held into a half bar whose chord they do not belong to end before it.

    chords (3,) are those of the bar's half bars and of the half bar after them, which begin at 0, `half` and
    `bar_steps`.
    """
    start, pitch_class = notes[:, STEP].astype(np.int64), notes[:, PITCH] % 12
    end = start + LENGTHS[notes[:, LENGTH]]
    for edge, chord in ((half, chords[1]), (bar_steps, chords[2])):
        if chord != NO_CHORD:
            end = np.where((start < edge) & (end > edge) & ~CHORD_TONES[chord, pitch_class], edge, end)
    shortened = notes.copy()
    shortened[:, LENGTH] = np.maximum(np.searchsorted(LENGTHS, end - start, "right") - 1, 0)
    return shortened
