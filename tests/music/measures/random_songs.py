"""Songs by chance: what a measure says of them must not depend on their being music."""

import numpy as np

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

RANGES = ((48, 84), (40, 76), (28, 48), (50, 90), (35, 52))
LENGTHS = np.array([1, 1, 2, 2, 4, 8, 16])


def random_song(seed: int, bars: int = 16, steps_per_beat: int = 4, notes_per_bar: int = 12) -> Song:
    """Each instrument plays notes of rng inside its range, and none sounds on into the last step."""
    rng = np.random.default_rng(seed)
    count, steps = bars * notes_per_bar * len(LPD5), bars * 4 * steps_per_beat
    instrument = rng.integers(0, len(LPD5), count)
    low, high = np.array(RANGES)[instrument].T
    start = rng.integers(0, steps - 1, count)
    length = np.minimum(rng.choice(LENGTHS, count), steps - 1 - start)
    notes = Notes.tidy(instrument, rng.integers(low, high), start, length, np.full(count, 80))
    return Song(LPD5, notes, steps, steps_per_beat, name=f"chance {seed}")
