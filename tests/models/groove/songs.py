"""Songs with performed or quantised drums."""

import numpy as np

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

DRUMS_INDEX = 4


def drum_song(number: int, quantised: bool = False) -> Song:
    """Hats in eighths, the second of each beat soft and late; in songs with two kicks a bar the hats are louder."""
    rng = np.random.default_rng(number)
    busy = bool(number % 2)
    notes = []
    for beat in range(64):
        for half in range(2):
            late = 0 if quantised else 2 * half
            velocity = 70 if quantised else 100 - 40 * half + 20 * busy + int(rng.integers(-4, 5))
            notes.append((DRUMS_INDEX, 42, 24 * beat + 12 * half + late, 2, velocity))
        if beat % 4 == 0 or (busy and beat % 4 == 2):
            notes.append((DRUMS_INDEX, 36, 24 * beat, 2, 90))
        notes.append((0, 60, 24 * beat, 20, 80))
    return Song(LPD5, Notes.tidy(*np.array(notes).T), 64 * 24, 24)
