"""Whether a song follows its chart's chords and the beat's grid.

A half bar is two beats of a song in 4/4, counted from its first step.
"""

import numpy as np

from pianoroll_vae.music.bar_lines import BarLines
from pianoroll_vae.music.chart_reading import explained_share, pitch_class_cells
from pianoroll_vae.music.chord_labels import NO_CHORD, Labels, roots
from pianoroll_vae.music.meter import FOUR_FOUR, Meter
from pianoroll_vae.music.notes import Notes, round_steps
from pianoroll_vae.music.resolution import BEATS_PER_BAR, TWELFTHS_PER_BEAT
from pianoroll_vae.music.song import Song


def cells_in_chords(song: Song, chords: Labels, meter: Meter = FOUR_FOUR) -> float:
    """The share of the pitched cells that are tones of their half bar's chord; chords: (bars, 2)."""
    lines = BarLines.even(len(chords), meter)
    edges = round_steps(lines.half_edges * (song.steps_per_beat / TWELFTHS_PER_BEAT))
    inside = song.notes[song.notes.start < edges[-1]].between(0, int(edges[-1]))
    cells = pitch_class_cells(Song(song.band, inside, int(edges[-1]), song.steps_per_beat), edges)
    cells[:, chords.ravel() == NO_CHORD] = 0
    return explained_share(cells, chords.ravel())


def bass_begins_on_root(song: Song, chords: Labels) -> float:
    """The share of bars whose first note in the bass is the root of the bar's first chord, where it begins with the
    first beat."""
    bar_steps = BEATS_PER_BAR * song.steps_per_beat
    bass = _bass(song)
    on_root = []
    for bar, root in enumerate(roots(chords[:, 0]).tolist()):
        begun = bass[(bass.start >= bar * bar_steps) & (bass.start < bar * bar_steps + song.steps_per_beat)]
        if len(begun) and root >= 0:
            first = begun.start == begun.start.min()
            on_root.append(int(begun.pitch[first].min()) % 12 == root)
    return float(np.mean(on_root)) if on_root else float("nan")


def bars_heard_in_bass(song: Song, chords: Labels) -> float:
    """The share of the half bars with a bass in which the chord's root is the pitch class that it holds longest."""
    edges = np.arange(chords.size + 1) * (BEATS_PER_BAR // 2 * song.steps_per_beat)
    bass = Song(song.band, _bass(song).between(0, int(edges[-1])), int(edges[-1]), song.steps_per_beat)
    cells = pitch_class_cells(bass, edges).sum(0)
    root = roots(chords.ravel())
    there = (cells.sum(1) > 0) & (root >= 0)
    return float((cells.argmax(1) == root)[there].mean()) if there.any() else float("nan")


def triplet_share(notes: Notes, steps_per_beat: int) -> float:
    """Of the onsets between beats, the share that lie nearer to a triplet than to a sixteenth."""
    place = notes.regrid(steps_per_beat, TWELFTHS_PER_BEAT, "nearest").start % TWELFTHS_PER_BEAT
    between = place[place > 0]
    triplet = (between % 4 == 0) & (between % 3 > 0)
    return float(triplet.mean()) if len(between) else float("nan")


def _bass(song: Song) -> Notes:
    return song.notes[song.notes.instrument == song.band.index("bass")]
