"""Reads a song on any grid as bars, and bars as notes, in twelfths of a beat, which the arranger's networks read."""

import math

from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bar_lines import BarLines
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.beat_grid import snap_notes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR, TWELFTHS_PER_BEAT
from pianoroll_vae.music.song import Song


def twelfths_of(song: Song) -> int:
    """The length of a song on any grid, in twelfths of a beat."""
    return math.ceil(song.beats * TWELFTHS_PER_BEAT)


def on_twelfths(song: Song, band: Band) -> Song:
    """The notes of a song on the grids of its beats; the song is no longer for a note that rounds to its end."""
    steps = twelfths_of(song)
    notes = song.notes.regrid(song.steps_per_beat, TWELFTHS_PER_BEAT, "nearest")
    return Song(band, snap_notes(notes, steps), steps, TWELFTHS_PER_BEAT)


def bars_of(song: Song, band: Band) -> Bars:
    """The bars of a song. Notes that round to the bar line at its end are left out."""
    on_grid = on_twelfths(song, band)
    return Bars.from_notes(on_grid.notes, on_grid.steps, band.drums, BarLines.of_song(song))


def in_even_bars(song: Song, band: Band) -> Song:
    """The bars of a song one after the other, each four beats long: a shorter one is followed by silence."""
    lines = BarLines.of_song(song)
    notes = on_twelfths(song, band).notes.between(0, int(lines.edges[-1]))
    start, end = lines.places(notes.start), lines.places(notes.end - 1) + 1
    columns = (notes.instrument, notes.pitch, start, end - start, notes.velocity)
    return Song(band, Notes.tidy(*columns), len(lines) * TWELFTHS_PER_BAR, TWELFTHS_PER_BEAT)


def notes_of(song: Bars) -> Notes:
    """The notes of bars. Those that sound beyond the last bar are cut."""
    return song.to_notes().between(0, int(song.lines.edges[-1]))
