"""Lays out a band as lanes: one a playing instrument, with its colour and the pitches or drums that are shown.

Pictures and the terminal share this, so that a song looks the same in both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.band import Band, Instrument
from pianoroll_vae.music.drum_kit import DRUM_NAMES, DRUM_OF_KEY
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.summary import pitch_name

# The palette of Okabe and Ito, which is safe for every kind of colour blindness.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#8C6D1F", "#6A51A3")
DRUM_COLOUR = "#4D4D4D"

MIN_RANGE = 12


@dataclass(frozen=True)
class Lane:
    """One instrument's rows. `row_of_pitch` is (128,), rows counted from the bottom, -1 where a pitch is not shown."""

    instrument: int
    name: str
    colour: str
    is_drum: bool
    rows: int
    row_of_pitch: NDArray[np.int64]
    labels: tuple[tuple[int, str], ...]
    """(row, text): the name of each drum, or the Cs of a pitched instrument."""

    lowest: int = 0
    """The pitch of row 0 of a pitched instrument."""


def lanes_of(*songs: Song) -> tuple[Lane, ...]:
    """A lane for each instrument that plays in any of the songs, which share a band."""
    band = songs[0].band
    played = np.zeros((len(band), PITCHES), bool)
    for song in songs:
        played[song.notes.instrument, song.notes.pitch] = True
    colours = colours_of(band)
    return tuple(
        _lane(index, instrument, colours[index], np.flatnonzero(played[index]))
        for index, instrument in enumerate(band)
        if played[index].any()
    )


def silent_instruments(song: Song) -> tuple[str, ...]:
    """Names of the instruments without notes."""
    playing = set(song.notes.instrument.tolist())
    return tuple(name for index, name in enumerate(song.band.names) if index not in playing)


def colours_of(band: Band) -> list[str]:
    """A colour for each instrument."""
    pitched = [instrument.name for instrument in band if not instrument.is_drum]
    return [
        DRUM_COLOUR if instrument.is_drum else COLOURS[pitched.index(instrument.name) % len(COLOURS)]
        for instrument in band
    ]


def _lane(index: int, instrument: Instrument, colour: str, pitches: NDArray[np.int64]) -> Lane:
    row_of_pitch = np.full(PITCHES, -1)
    if instrument.is_drum:
        drums = DRUM_OF_KEY[pitches]
        used = np.unique(drums)
        row_of_pitch[pitches] = np.searchsorted(used, drums)
        labels = tuple((row, DRUM_NAMES[drum]) for row, drum in enumerate(used.tolist()))
        return Lane(index, instrument.name, colour, True, len(used), row_of_pitch, labels)
    lowest, highest = _range(int(pitches.min()), int(pitches.max()))
    row_of_pitch[lowest : highest + 1] = np.arange(highest - lowest + 1)
    labels = tuple((pitch - lowest, pitch_name(pitch)) for pitch in range(lowest, highest + 1) if pitch % 12 == 0)
    return Lane(index, instrument.name, colour, False, highest - lowest + 1, row_of_pitch, labels, lowest)


def _range(lowest: int, highest: int) -> tuple[int, int]:
    """Lowest and highest pitch shown: a margin of one on either side, and at least an octave."""
    margin = max(1, -(-(MIN_RANGE - (highest - lowest)) // 2))
    return max(lowest - margin, 0), min(highest + margin, PITCHES - 1)
