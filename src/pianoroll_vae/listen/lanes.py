"""How a band is laid out for the eye: a coloured lane for each instrument, cropped to what it plays.

Pictures and the terminal share this, so that a song looks the same in both. It draws nothing itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.band import Band, Instrument
from pianoroll_vae.music.drum_kit import DRUM_ROWS
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.summary import pitch_name

# The palette of Okabe and Ito: its colours stay apart for every kind of colour blindness. Drums take the dark one.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C6D1F", "#6A51A3")
DRUM_COLOUR = "#4D4D4D"

SMALLEST_RANGE = 12


@dataclass(frozen=True)
class Lane:
    """One instrument's place. `row_of_pitch` is (128,), rows counted from the bottom, -1 where nothing is shown."""

    instrument: int
    name: str
    colour: str
    is_drum: bool
    rows: int
    row_of_pitch: NDArray[np.int64]
    labels: tuple[tuple[int, str], ...]
    """(row, text): a name for each row of drums, the Cs of a pitched instrument."""

    lowest: int = 0
    """The pitch of row 0 of a pitched instrument."""


def lanes_of(*songs: Song) -> tuple[Lane, ...]:
    """A lane for each instrument that plays in any of the songs, which share a band."""
    band = songs[0].band
    played = np.zeros((len(band), PITCHES), bool)
    for song in songs:
        played[song.notes.instrument, song.notes.pitch] = True
    colours = _colours(band)
    return tuple(
        _lane(index, instrument, colours[index], np.flatnonzero(played[index]))
        for index, instrument in enumerate(band)
        if played[index].any()
    )


def silent_instruments(song: Song) -> tuple[str, ...]:
    """Who does not play a note."""
    playing = set(song.notes.instrument.tolist())
    return tuple(name for index, name in enumerate(song.band.names) if index not in playing)


def _colours(band: Band) -> list[str]:
    pitched = [instrument.name for instrument in band if not instrument.is_drum]
    return [
        DRUM_COLOUR if instrument.is_drum else COLOURS[pitched.index(instrument.name) % len(COLOURS)]
        for instrument in band
    ]


def _lane(index: int, instrument: Instrument, colour: str, pitches: NDArray[np.int64]) -> Lane:
    row_of_pitch = np.full(PITCHES, -1)
    if instrument.is_drum:
        named = {pitch: row for row, (_, keys) in enumerate(DRUM_ROWS) for pitch in keys}
        row_of_key = [named.get(pitch, len(DRUM_ROWS) - 1) for pitch in pitches.tolist()]
        used = sorted(set(row_of_key))
        row_of_pitch[pitches] = [used.index(row) for row in row_of_key]
        labels = tuple((place, DRUM_ROWS[row][0]) for place, row in enumerate(used))
        return Lane(index, instrument.name, colour, True, len(used), row_of_pitch, labels)
    lowest, highest = _range(int(pitches.min()), int(pitches.max()))
    row_of_pitch[lowest : highest + 1] = np.arange(highest - lowest + 1)
    labels = tuple((pitch - lowest, pitch_name(pitch)) for pitch in range(lowest, highest + 1) if pitch % 12 == 0)
    return Lane(index, instrument.name, colour, False, highest - lowest + 1, row_of_pitch, labels, lowest)


def _range(lowest: int, highest: int) -> tuple[int, int]:
    """The pitches shown: one to spare on either side, and never less than an octave."""
    spare = max(1, -(-(SMALLEST_RANGE - (highest - lowest)) // 2))
    return max(lowest - spare, 0), min(highest + spare, PITCHES - 1)
