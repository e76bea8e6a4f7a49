"""Summarises each instrument's part of a song: notes, bars played, pitch range."""

from dataclasses import dataclass

import numpy as np

from pianoroll_vae.music.meter import bar_starts
from pianoroll_vae.music.song import Song

PITCH_NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


@dataclass(frozen=True)
class PartSummary:
    """One instrument's part: how many notes, in which share of the bars, between which pitches."""

    instrument: str
    notes: int
    bars_played: float
    lowest: int | None
    highest: int | None

    @property
    def pitch_range(self) -> str:
        """'C2–G♯4', empty where nothing is played."""
        if self.lowest is None or self.highest is None:
            return ""
        return f"{pitch_name(self.lowest)}–{pitch_name(self.highest)}"


def pitch_name(pitch: int) -> str:
    """The scientific name of a MIDI pitch: 60 is C4."""
    return f"{PITCH_NAMES[pitch % 12]}{pitch // 12 - 1}"


def summarise_parts(song: Song) -> tuple[PartSummary, ...]:
    """The part of every instrument of the band, in its order."""
    starts = bar_starts(song)
    parts = []
    for index, instrument in enumerate(song.band):
        notes = song.notes[song.notes.instrument == index]
        _, step, _ = notes.cells(song.steps)
        played = len(np.unique(np.searchsorted(starts, step, side="right")))
        lowest, highest = (int(notes.pitch.min()), int(notes.pitch.max())) if len(notes) else (None, None)
        parts.append(PartSummary(instrument.name, len(notes), played / max(len(starts), 1), lowest, highest))
    return tuple(parts)
