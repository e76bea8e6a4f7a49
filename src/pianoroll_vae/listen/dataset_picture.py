"""Draws a dataset as a PNG: piano rolls of some segments, pitch histograms and note densities by instrument.

The same dataset gives the same bytes.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from pianoroll_vae.console import printable
from pianoroll_vae.errors import counted
from pianoroll_vae.listen.plot_style import DOTS_PER_INCH, FAINT, INK, figure_png
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.dataset_summary import MAX_ONSETS, DatasetSummary, InstrumentSummary
from pianoroll_vae.music.notes import PITCHES, Notes

COLOURS = ("#3B6FB6", "#3F9C5A", "#B8860B", "#8E5AA8", "#C0473E")
GALLERY_SONGS = 8
_GALLERY_PLACE = {"left": 0.025, "right": 0.99, "bottom": 0.53, "top": 0.93}
_HISTOGRAMS_PLACE = {"left": 0.075, "right": 0.99, "bottom": 0.055, "top": 0.455}
"""Shares of the picture. Matplotlib could find them, by drawing all of it twice."""


def dataset_png(dataset: Dataset, summary: DatasetSummary) -> bytes:
    """Draw the dataset and its summary."""
    figure = Figure(figsize=(14, 9.5), dpi=DOTS_PER_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    size = f"{counted(summary.songs, 'song')} · {counted(summary.segments, 'segment')} · {summary.hours:,.1f} hours"
    figure.suptitle(f"{size} · {counted(summary.notes, 'note')}", y=0.985, color=INK)
    gallery = figure.add_gridspec(2, GALLERY_SONGS // 2, **_GALLERY_PLACE, wspace=0.05, hspace=0.18)
    grid = gallery.subplots(sharex=True, sharey=True, squeeze=False)
    for axes, song in zip(grid.flat, _gallery_songs(dataset), strict=False):
        _draw_segment(axes, dataset, song)
    for axes in grid.flat[len(_gallery_songs(dataset)) :]:
        axes.set_axis_off()
    below = figure.add_gridspec(1, 2, **_HISTOGRAMS_PLACE, wspace=0.14)
    pitches, density = below.subplots(squeeze=False).flat
    _draw_pitches(pitches, summary.instruments)
    _draw_density(density, summary.instruments)
    return figure_png(figure)


def _gallery_songs(dataset: Dataset) -> list[int]:
    """Indices of songs spread evenly over the dataset."""
    return sorted(set(np.linspace(0, len(dataset) - 1, GALLERY_SONGS).astype(int).tolist())) if len(dataset) else []


def _draw_segment(axes: Axes, dataset: Dataset, song_index: int) -> None:
    """Draw the segment of a song with the most onsets."""
    entry, song = dataset.songs[song_index], dataset.song(song_index)
    steps = dataset.segment_steps
    busiest = int(np.bincount(song.notes.start // steps, minlength=1)[: max(entry.steps // steps, 1)].argmax())
    notes = song.notes.between(busiest * steps, (busiest + 1) * steps)
    for index in range(len(dataset.band)):
        _draw_notes(axes, notes[notes.instrument == index], dataset.steps_per_beat, _colour(index))
    axes.set(xlim=(0, steps / dataset.steps_per_beat), ylim=(20, 108))
    title = printable((entry.title or entry.track_id or entry.md5[:8])[:34])
    axes.set_title(title, fontsize=8, color=INK, parse_math=False)
    _style(axes)


def _draw_notes(axes: Axes, notes: Notes, steps_per_beat: int, colour: str) -> None:
    begin, end = notes.start / steps_per_beat, (notes.end - 0.15) / steps_per_beat
    lines = np.stack((np.stack((begin, notes.pitch), axis=1), np.stack((end, notes.pitch), axis=1)), axis=1)
    axes.add_collection(LineCollection(list(lines), colors=colour, linewidths=1.6, capstyle="butt"))


def _draw_pitches(axes: Axes, instruments: Sequence[InstrumentSummary]) -> None:
    """Draw each instrument's pitch histogram, one above the other."""
    for index, each in enumerate(instruments):
        height = each.pitches / max(each.pitches.max(), 1) * 0.85
        floor = len(instruments) - 1 - index
        axes.fill_between(np.arange(PITCHES), floor, floor + height, step="mid", color=_colour(index), linewidth=0)
    axes.set(xlim=(0, PITCHES - 1), ylim=(-0.05, len(instruments)), xlabel="MIDI pitch", title="Pitches by instrument")
    axes.set_yticks([len(instruments) - 1 - index + 0.3 for index in range(len(instruments))])
    axes.set_yticklabels([f"{each.name}\nin {counted(each.songs, 'song')}" for each in instruments])
    axes.set_xticks(range(0, PITCHES, 12))
    _style(axes)


def _draw_density(axes: Axes, instruments: Sequence[InstrumentSummary]) -> None:
    """Draw each instrument's distribution of onsets a bar, over the bars with onsets."""
    for index, each in enumerate(instruments):
        shares = each.onsets[1:MAX_ONSETS] / max(each.onsets[1:].sum(), 1)
        label = f"{each.name}: sounds in {each.bars_played:.0%} of bars"
        axes.plot(np.arange(1, MAX_ONSETS), shares, color=_colour(index), label=label)
    axes.set(xlim=(1, MAX_ONSETS - 1), ylim=(0, None), xlabel="onsets a bar")
    axes.set(title="Note density", ylabel="share of bars with onsets")
    axes.legend(frameon=False, fontsize=8)
    _style(axes)


def _style(axes: Axes) -> None:
    axes.tick_params(labelsize=7, colors=FAINT)
    for spine in axes.spines.values():
        spine.set_color(FAINT)
        spine.set_linewidth(0.5)


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]
