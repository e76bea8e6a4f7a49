"""Small songs for the tests of pictures and audio."""

import numpy as np

from pianoroll_vae.music.band import LPD5, Band
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song


def band_song(bars: int = 4, band: Band = LPD5, **changes: object) -> Song:
    """Every instrument plays: chords, a walking bass, and drums in eighths; 4 steps a beat."""
    notes = [(0, pitch, 16 * bar, 12, 90) for bar in range(bars) for pitch in (60, 64, 67)]
    notes += [(1, 55 + beat % 5, 4 * beat, 4, 70) for beat in range(4 * bars)]
    notes += [(2, 36 + beat % 7, 4 * beat, 4, 100) for beat in range(4 * bars)]
    notes += [(3, 72, 16 * bar, 16, 50) for bar in range(bars)]
    notes += [(4, 42, 2 * eighth, 1, 60 + 40 * (eighth % 2)) for eighth in range(8 * bars)]
    notes += [(4, 36, 8 * half, 1, 110) for half in range(2 * bars)]
    return Song(band, Notes.tidy(*np.array(notes).T), 16 * bars, 4, **changes)  # type: ignore[arg-type]


def silence(steps: int = 64) -> Song:
    return Song(LPD5, Notes.empty(), steps, 4)
