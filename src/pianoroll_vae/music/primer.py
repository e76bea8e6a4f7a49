"""Chooses a primer: the segment of a song in which the most instruments play."""

from dataclasses import replace

import numpy as np

from pianoroll_vae.errors import NothingFound
from pianoroll_vae.music.meter import bar_starts
from pianoroll_vae.music.song import Song


def first_full_segment(song: Song, segment_steps: int, whole_bars: bool = False) -> Song:
    """The first aligned segment in which the most instruments play, as a song of its own.

    A song shorter than a segment is followed by silence up to its length. whole_bars: without the parts of bars at its
    ends.
    """
    starts = range(0, max(song.steps - segment_steps, 0) + 1, segment_steps)
    playing = [_instruments_playing(song, start, start + segment_steps) for start in starts]
    if max(playing) == 0:
        raise NothingFound(f"No instrument plays in {song.name or 'the primer'}.", "Choose another --primer.")
    start = starts[int(np.argmax(playing))]
    stop = start + segment_steps
    if whole_bars:
        inside = np.rint(bar_starts(replace(song, steps=stop + 1)))
        inside = inside[(inside >= start) & (inside <= stop)].astype(int).tolist()
        start, stop = (inside[0], inside[-1]) if len(inside) > 1 else (start, stop)
    return song.between(start, stop)


def _instruments_playing(song: Song, start: int, stop: int) -> int:
    notes = song.notes
    return len(np.unique(notes.instrument[(notes.start < stop) & (notes.end > start)]))
