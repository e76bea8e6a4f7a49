"""Applies a model's change to a musician's MIDI file: some notes are removed, others added, all else stays as it is.

A model never reproduces a song exactly. So the file is not replaced by what was decoded: only the difference between
what is decoded before and after the change is applied to it.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.bar_lines import BarLines
from pianoroll_vae.music.bars import LENGTHS, VELOCITIES, Bars
from pianoroll_vae.music.beat_grid import snap_steps, triplet_beats
from pianoroll_vae.music.meter import BarRange, steps_of_bars
from pianoroll_vae.music.notes import PITCHES, Rolls, round_steps
from pianoroll_vae.music.resolution import TWELFTHS_PER_BEAT
from pianoroll_vae.music.roll_changes import added_notes, removed_notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi


def apply_roll_change(
    source_midi: SourceMidi, before: Rolls, after: Rolls, steps_per_beat: int, bars: BarRange | None = None
) -> Arrangement:
    """The source MIDI with the difference between two decoded rolls; nothing changes outside of `bars`.

    before, after: (instruments, steps, 128) on a grid of `steps_per_beat`. A note is removed where most of its cells
    fall silent.
    """
    song, score = source_midi.song, source_midi.score
    first, last = _bounds(song, bars)
    step = np.arange(before.shape[1]) * (song.steps_per_beat / steps_per_beat)
    elsewhere = (step < first) | (step >= last)
    after = np.where(elsewhere[:, None], before, after)
    scale = steps_per_beat / score.ticks_per_beat
    start, end = np.rint(score.start * scale).astype(int), np.rint(score.end * scale).astype(int)
    row = np.where(source_midi.instrument < 0, -1, source_midi.instrument * PITCHES + score.pitch)
    begin = source_midi.start_beats() * song.steps_per_beat
    removed = removed_notes(row, start, end, before, after) & (begin >= first) & (begin < last)
    drums = song.band.drums
    added = added_notes(song.regrid(steps_per_beat).notes, before, after, drums)
    notes = added.regrid(steps_per_beat, song.steps_per_beat).between(first, last).shifted(first)
    return Arrangement(replace(song, notes=notes), source_midi, ~removed, spread=True)


def apply_bar_change(source_midi: SourceMidi, before: Bars, after: Bars, bars: BarRange | None = None) -> Arrangement:
    """The source MIDI without the notes that only `before` has, and with those that only `after` has; nothing changes
    outside of `bars`."""
    song, instruments = source_midi.song, before.instruments
    (old_places, old), (new_places, new) = _note_keys(before), _note_keys(after)
    first, last = _bounds(song, bars)
    grid = song.steps_per_beat / TWELFTHS_PER_BEAT
    # Rounded as the band's input was: to the source MIDI's grid, to the band's, and to the grids of the beats.
    on_grid = song.notes.regrid(song.steps_per_beat, TWELFTHS_PER_BEAT, "nearest")
    triplets = triplet_beats(on_grid.start, math.ceil(song.beats * TWELFTHS_PER_BEAT))
    begin = round_steps(round_steps(source_midi.start_beats() * song.steps_per_beat) / grid)
    begin = snap_steps(begin, triplets)
    place = (begin * instruments + source_midi.instrument) * PITCHES + source_midi.score.pitch
    removed = (source_midi.instrument >= 0) & np.isin(place, old_places[~np.isin(old, new)])
    removed &= (begin * grid >= first) & (begin * grid < last)
    notes = after.to_notes()
    places = (notes.start * instruments + notes.instrument) * PITCHES + notes.pitch
    added = np.isin(places, new_places[~np.isin(new, old)])
    added &= (notes.start * grid >= first) & (notes.start * grid < last)
    new_notes = notes[added].regrid(TWELFTHS_PER_BEAT, song.steps_per_beat).between(0, last)
    return Arrangement(replace(song, notes=new_notes), source_midi, ~removed, spread=True)


def outside_of(bars: BarRange | None, song: Song, lines: BarLines) -> NDArray[np.bool_]:
    """(len(lines), 1): which of the bars in which a song is read lie wholly outside of its `bars`."""
    if bars is None:
        return np.zeros((len(lines), 1), np.bool_)
    first, last = steps_of_bars(song, *bars)
    edges = lines.edges[:, None] * (song.steps_per_beat / TWELFTHS_PER_BEAT)
    return (edges[1:] <= first) | (edges[:-1] >= last)


def _bounds(song: Song, bars: BarRange | None) -> tuple[int, int]:
    """The steps [first, last) that may change."""
    return (0, song.steps) if bars is None else steps_of_bars(song, *bars)


def _note_keys(bars: Bars) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(notes,) each: a number for step, instrument and pitch, and one for these, the length and the velocity."""
    cell = np.repeat(np.arange(len(bars.source)), np.diff(bars.first))
    place = (bars.lines.steps(bars.places) * bars.instruments + cell % bars.instruments) * PITCHES + bars.notes[:, 1]
    length, velocity = bars.notes[:, 2].astype(np.int64), bars.notes[:, 3].astype(np.int64)
    return place, (place * len(LENGTHS) + length) * VELOCITIES + velocity
