"""Spreads changed notes over the tracks of an instrument that has several in a file, as two guitars or two hands.

A band writes one part for all of them. A note goes to the track that plays nearest to it in the same bar: what was the
lead guitar's stays the lead guitar's.
"""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.joined_tracks import TrackChannel
from pianoroll_vae.music.meter import bar_starts
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.source_midi import SourceMidi


def split_by_track(
    source_midi: SourceMidi, instrument: int, notes: Notes, main: TrackChannel
) -> dict[TrackChannel, Notes]:
    """The notes of an instrument, on ticks, by the track that they go to: of those that it has for itself, the one with
    the note of the nearest pitch in the bar, and of several that of the nearest beginning. main: the track for bars in
    which the instrument does not play."""
    tracks = source_midi.tracks_of(instrument)
    if len(tracks) < 2:
        return {main: notes}
    score = source_midi.score
    places = list(zip(source_midi.track.tolist(), score.channel.tolist(), strict=True))
    own = np.flatnonzero(source_midi.instrument == instrument)
    own = own[[places[note] in tracks for note in own.tolist()]]
    lines = bar_starts(source_midi.song) * (score.ticks_per_beat / source_midi.song.steps_per_beat)
    bar_of_own, bar_of_new = (np.searchsorted(lines, start, side="right") for start in (score.start[own], notes.start))
    goes_to = [main] * len(notes)
    for bar in np.unique(bar_of_new).tolist():
        here = own[bar_of_own == bar]
        new = np.flatnonzero(bar_of_new == bar)
        for note, nearest in zip(new.tolist(), _nearest(notes[new], score.pitch[here], score.start[here]), strict=True):
            if nearest is not None:
                goes_to[note] = TrackChannel(*places[here[nearest]])
    return {track: notes[np.array([place == track for place in goes_to])] for track in dict.fromkeys(goes_to)}


def _nearest(notes: Notes, pitch: NDArray[np.integer], start: NDArray[np.integer]) -> list[int | None]:
    """Of each note the nearest of those with these pitches and starts (notes,), None where there are none."""
    if not len(pitch):
        return [None] * len(notes)
    apart = np.abs(notes.pitch[:, None].astype(np.int64) - pitch)
    later = np.abs(notes.start[:, None].astype(np.int64) - start)
    return [int(index) for index in (apart * (later.max() + 1) + later).argmin(1)]
