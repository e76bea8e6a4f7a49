"""The ending of a new song: its chord in the song's chart, and its last bar."""

from dataclasses import replace

import numpy as np

from pianoroll_vae.music.band import Band
from pianoroll_vae.music.chart import Chart, Section
from pianoroll_vae.music.chord_labels import NO_CHORD, Labels, chord_key_fits, roots, tonic_chord
from pianoroll_vae.music.ending import ending_beat, with_ending
from pianoroll_vae.music.key import Key, key_at, key_of_notes
from pianoroll_vae.music.meter import beats_of
from pianoroll_vae.music.notes import Notes, round_steps
from pianoroll_vae.music.sections import ENDING
from pianoroll_vae.music.song import Song


def chart_with_ending(chart: Chart, beats: float, key: Key | None = None, beats_per_bar: float = 4) -> Chart:
    """A chart of new music of so many beats that ends with a section of its own, on the tonic of the key."""
    begin = ending_beat(beats, beats_per_bar)
    tonic = key or chart.key or key_of_chords(chart)
    if begin is None or tonic is None:
        return chart
    first, chords = int(begin // beats_of(chart.meter)), chart.chords.ravel().copy()
    closing = chords[np.searchsorted(chart.half_beats, begin, side="right") - 1 :]
    if roots(closing[:1]) != tonic.root or (closing != closing[0]).any():
        closing[:] = tonic_chord(tonic)
    sections = [
        replace(section, bars=min(section.bars, first - start))
        for section, start in zip(chart.sections, chart.starts.tolist(), strict=False)
        if start < first
    ]
    last = Section(ENDING, chart.bars - first)
    return replace(chart, sections=(*sections, last), chords=chords.reshape(-1, 2))


def end_song(notes: Notes, song: Song, beats: float, chart: Chart | None, beats_per_bar: float = 4) -> Notes:
    """New notes on a song's grid, of so many beats, with an ending on their chart's chords, else on their tonic."""
    begin = ending_beat(beats, beats_per_bar)
    if begin is None:
        return notes
    grid = song.steps_per_beat
    if chart is None:
        chords, starts = _tonic_of_notes(notes, song.band), np.array([begin])
    else:
        first = int(np.searchsorted(chart.half_beats, begin, side="right")) - 1
        halves = slice(first, int(np.searchsorted(chart.half_beats, beats)))
        chords, starts = chart.chords.ravel()[halves], np.maximum(chart.half_beats[halves], begin)
    edges = round_steps(np.append(starts, beats) * grid)
    return with_ending(notes, song.band, edges, grid, chords)


def key_of_chords(chart: Chart) -> Key | None:
    """The key that the chart's chords fit best, roots counted twice; None where there are none."""
    return key_at(int(chord_key_fits(chart.chords).argmax())) if (chart.chords != NO_CHORD).any() else None


def _tonic_of_notes(notes: Notes, band: Band) -> Labels:
    key = key_of_notes(notes, band.drums)
    return np.array([NO_CHORD if key is None else tonic_chord(key)])
