"""A dataset as one picture: a gallery of segments, where each instrument plays, and how much.

The same dataset gives the same bytes. Knows nothing of workspaces.
"""

import io
import warnings
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.dataset_summary import MOST_ONSETS, DatasetSummary, InstrumentSummary
from pianoroll_vae.music.notes import PITCHES, Notes

COLOURS = ("#3B6FB6", "#3F9C5A", "#B8860B", "#8E5AA8", "#C0473E")
GALLERY = 8
DOTS_PER_INCH = 110
INK, FAINT = "#222222", "#9A9A96"


def dataset_png(dataset: Dataset, summary: DatasetSummary) -> bytes:
    """A PNG of the dataset."""
    figure = Figure(figsize=(14, 9.5), dpi=DOTS_PER_INCH, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    gallery, below = figure.subfigures(2, 1, height_ratios=(1.15, 1), squeeze=False).flat
    size = f"{summary.songs:,} songs · {summary.segments:,} segments · {summary.hours:,.1f} hours"
    gallery.suptitle(f"{size} · {summary.notes:,} notes", color=INK)
    grid = gallery.subplots(2, GALLERY // 2, sharex=True, sharey=True)
    for axes, song in zip(grid.flat, _gallery(dataset), strict=False):
        _draw_segment(axes, dataset, song)
    for axes in grid.flat[len(_gallery(dataset)) :]:
        axes.set_axis_off()
    pitches, density = below.subplots(1, 2)
    _draw_pitches(pitches, summary.instruments)
    _draw_density(density, summary.instruments)
    image = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks becomes an empty box
        figure.savefig(image, format="png", metadata={"Software": None})
    return image.getvalue()


def _gallery(dataset: Dataset) -> list[int]:
    """Songs spread evenly over the dataset."""
    return sorted(set(np.linspace(0, len(dataset) - 1, GALLERY).astype(int).tolist())) if len(dataset) else []


def _draw_segment(axes: Axes, dataset: Dataset, index: int) -> None:
    """The segment of a song in which most happens, every instrument in its colour."""
    entry, song = dataset.songs[index], dataset.song(index)
    steps = dataset.segment_steps
    busiest = int(np.bincount(song.notes.start // steps, minlength=1)[: max(entry.steps // steps, 1)].argmax())
    notes = song.notes.between(busiest * steps, (busiest + 1) * steps)
    for chair in range(len(dataset.band)):
        _draw_notes(axes, notes[notes.instrument == chair], dataset.steps_per_beat, _colour(chair))
    axes.set(xlim=(0, steps / dataset.steps_per_beat), ylim=(20, 108))
    axes.set_title((entry.title or entry.track_id or entry.md5[:8])[:34], fontsize=8, color=INK, parse_math=False)
    _quiet(axes)


def _draw_notes(axes: Axes, notes: Notes, steps_per_beat: int, colour: str) -> None:
    begin, end = notes.start / steps_per_beat, (notes.end - 0.15) / steps_per_beat
    lines = np.stack((np.stack((begin, notes.pitch), axis=1), np.stack((end, notes.pitch), axis=1)), axis=1)
    axes.add_collection(LineCollection(list(lines), colors=colour, linewidths=1.6, capstyle="butt"))


def _draw_pitches(axes: Axes, instruments: Sequence[InstrumentSummary]) -> None:
    """Where each instrument plays: a share of its notes for each pitch, one above the other."""
    for chair, one in enumerate(instruments):
        height = one.pitches / max(one.pitches.max(), 1) * 0.85
        floor = len(instruments) - 1 - chair
        axes.fill_between(np.arange(PITCHES), floor, floor + height, step="mid", color=_colour(chair), linewidth=0)
    axes.set(xlim=(0, PITCHES - 1), ylim=(-0.05, len(instruments)), xlabel="MIDI pitch", title="Where they play")
    axes.set_yticks([len(instruments) - 1 - chair + 0.3 for chair in range(len(instruments))])
    axes.set_yticklabels([f"{one.name}\nin {one.songs:,} songs" for one in instruments])
    axes.set_xticks(range(0, PITCHES, 12))
    _quiet(axes)


def _draw_density(axes: Axes, instruments: Sequence[InstrumentSummary]) -> None:
    """How much each plays: the share of its played bars that have so many onsets."""
    for chair, one in enumerate(instruments):
        shares = one.onsets[1:MOST_ONSETS] / max(one.onsets[1:].sum(), 1)
        label = f"{one.name}: sounds in {one.bars_played:.0%} of bars"
        axes.plot(np.arange(1, MOST_ONSETS), shares, color=_colour(chair), label=label)
    axes.set(xlim=(1, MOST_ONSETS - 1), ylim=(0, None), xlabel="onsets a bar")
    axes.set(title="How much they play", ylabel="share of bars with onsets")
    axes.legend(frameon=False, fontsize=8)
    _quiet(axes)


def _quiet(axes: Axes) -> None:
    axes.tick_params(labelsize=7, colors=FAINT)
    for spine in axes.spines.values():
        spine.set_color(FAINT)
        spine.set_linewidth(0.5)


def _colour(chair: int) -> str:
    return COLOURS[chair % len(COLOURS)]
