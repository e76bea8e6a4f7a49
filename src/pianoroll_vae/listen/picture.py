"""Songs as pictures: piano rolls engraved like a score, each instrument a coloured lane.

The same songs give the same bytes. Knows nothing of files or workspaces.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pianoroll_vae.listen.lanes import Lane, lanes_of, silent_instruments
from pianoroll_vae.listen.page import LANE_GAP, LEFT, PAGE_WIDTH, TOP, Page, System
from pianoroll_vae.music.meter import clock, seconds_at
from pianoroll_vae.music.notes import MAX_VELOCITY, Notes
from pianoroll_vae.music.song import Song

DOTS_PER_INCH = 120

INK, FAINT = "#222222", "#7A7A7A"
PAPER, LANE_PAPER, BLACK_KEY = "#FFFFFF", "#F7F7F5", "#EEEEEB"
BAR_LINE, BEAT_LINE, OCTAVE_LINE = "#A9A9A5", "#E0E0DC", "#D0D0CB"
BLACK_KEYS = (1, 3, 6, 8, 10)
DRUM_BEATS = 0.2
"""How wide a drum stroke is drawn."""

MOST_NAMES = 5
EDGE = 0.3
"""Inches from the page's left edge to its words."""

_PAPER, _RULES, _NOTES = 0, 1, 2
"""What lies on what: lines must not cut a held note."""

Shades = NDArray[np.float64]
"""(boxes, 3): red, green and blue."""


def song_png(song: Song) -> bytes:
    """A PNG of one song."""
    return songs_png([song])


def songs_png(songs: Sequence[Song]) -> bytes:
    """A PNG of songs of one band, side by side, all in the same lanes."""
    lanes = lanes_of(*songs)
    longest = max(song.beats for song in songs)
    pages = [Page(song, lanes, longest) for song in songs]
    size = PAGE_WIDTH * len(pages), max(page.height for page in pages)
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, facecolor=PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, size[0]), ylim=(size[1], 0))
    axes.set_axis_off()
    for column, page in enumerate(pages):
        pen = _Pen(axes, column * PAGE_WIDTH)
        _draw_head(pen, page)
        for system in page.systems:
            _draw_system(pen, page, system)
    image = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks becomes an empty box
        figure.savefig(image, format="png", metadata={"Software": None})
    return image.getvalue()


class _Pen:
    """Draws in inches, `offset` to the right of the page's edge."""

    def __init__(self, axes: Axes, offset: float) -> None:
        self.axes = axes
        self.offset = offset

    def boxes(self, left: Any, top: Any, right: Any, bottom: Any, colours: Shades | str, order: float = _PAPER) -> None:
        """Filled rectangles; each side is one number or one for each rectangle."""
        sides = np.broadcast_arrays(*(np.atleast_1d(side) for side in (left, top, right, bottom)))
        x0, y0, x1, y1 = (np.asarray(side, np.float64) for side in sides)
        corners = np.stack([np.stack([x0, x1, x1, x0], 1) + self.offset, np.stack([y0, y0, y1, y1], 1)], 2)
        self.axes.add_collection(
            PolyCollection(list(corners), facecolors=colours, linewidths=0, zorder=order), autolim=False
        )

    def uprights(self, x: Any, top: float, bottom: float, colour: str, width: float) -> None:
        """Vertical lines at every x."""
        x = np.atleast_1d(x) + self.offset
        ends = np.stack([np.stack([x, np.full_like(x, y)], 1) for y in (top, bottom)], 1)
        self.axes.add_collection(
            LineCollection(list(ends), colors=colour, linewidths=width, zorder=_RULES), autolim=False
        )

    def level(self, y: float, left: float, right: float, colour: str, width: float) -> None:
        """A horizontal line."""
        ends = [[(left + self.offset, y), (right + self.offset, y)]]
        self.axes.add_collection(LineCollection(ends, colors=colour, linewidths=width, zorder=_RULES), autolim=False)

    def words(self, x: float, y: float, text: str, size: float, colour: str = INK, **style: Any) -> None:
        style = {"va": "baseline", "fontfamily": "DejaVu Sans", "parse_math": False, **style}
        self.axes.text(x + self.offset, y, text, fontsize=size, color=colour, **style)


def _draw_head(pen: _Pen, page: Page) -> None:
    song = page.song
    pen.words(EDGE, 0.45, song.name or "Untitled", 17, weight="bold")
    tempi = [bpm for _, bpm in song.tempo]
    pace = f"{min(tempi):.0f}" if max(tempi) - min(tempi) < 1 else f"{min(tempi):.0f}–{max(tempi):.0f}"
    meters = list(dict.fromkeys(f"{over}/{under}" for _, over, under in song.meters))
    facts = [f"{pace} BPM", ", ".join(meters[:4]), f"{len(page.bars):,} bars", clock(song.seconds)]
    facts.append(f"{len(song.notes):,} notes")
    silent = silent_instruments(song)
    if silent:
        facts.append(f"silent: {', '.join(silent) if len(silent) <= MOST_NAMES else f'{len(silent)} others'}")
    pen.words(EDGE, 0.74, "   ·   ".join(facts), 10, FAINT)
    if not page.lanes:
        pen.words(LEFT, TOP + 0.3, "Nobody plays a note.", 12, FAINT)


def _draw_system(pen: _Pen, page: Page, system: System) -> None:
    """One line of the song, all lanes."""
    if not page.lanes:
        return
    pen.words(EDGE, system.top - 0.06, clock(float(seconds_at(page.song, system.start))), 8, FAINT)
    _draw_marks(pen, page, system)
    first = int(np.floor(system.start))
    notes = page.song.notes.between(first, int(np.ceil(system.stop))).shifted(first)
    top = system.top
    for lane, height in zip(page.lanes, page.lane_heights, strict=True):
        _draw_lane(pen, page, system, lane, top, top + height)
        _draw_notes(pen, page, system, lane, notes[notes.instrument == lane.instrument], top, top + height)
        top += height + LANE_GAP
    if system is page.systems[-1]:
        pen.uprights(page.x(system, system.stop), system.top, system.top + page.lanes_height, INK, 1.8)


def _draw_marks(pen: _Pen, page: Page, system: System) -> None:
    """What stands above a system: bar numbers, and tempo and meter where they change."""
    y = system.top - 0.06
    bars = page.bars_in(system)
    first = int(np.searchsorted(page.bars, system.start))
    width = float(np.diff(page.x(system, bars)).mean()) if len(bars) > 1 else 1.0
    every = next((n for n in (1, 2, 4, 8, 16, 32) if n * width > 0.34), 64)
    for number, x in enumerate(page.x(system, bars), first):
        if number % every == 0:
            pen.words(float(x), y, str(number + 1), 7.5)
    taken = -1.0
    for (_, before), (step, bpm) in zip(page.song.tempo, page.song.tempo[1:], strict=False):
        x = float(page.x(system, step))
        if system.start <= step < system.stop and abs(bpm - before) >= 1 and x > taken:
            pen.words(x + 0.25, y - 0.12, f"♩ = {bpm:.0f}", 6.5, FAINT)
            taken = x + 0.7
    for step, over, under in page.song.meters[1:]:
        if system.start <= step < system.stop:
            pen.words(float(page.x(system, step)), y - 0.12, f"{over}/{under}", 7.5, weight="bold")


def _draw_lane(pen: _Pen, page: Page, system: System, lane: Lane, top: float, bottom: float) -> None:
    """A lane's paper, keys, lines and labels."""
    row = (bottom - top) / lane.rows
    right = float(page.x(system, system.stop))
    pen.boxes(LEFT, top, right, bottom, LANE_PAPER)
    pen.words(EDGE, top + 0.1, lane.name, 9, lane.colour, weight="bold", va="center")
    if lane.is_drum:
        feet = bottom - np.arange(1, lane.rows, 2) * row
    else:
        feet = bottom - np.array([r for r in range(lane.rows) if (lane.lowest + r) % 12 in BLACK_KEYS]) * row
    pen.boxes(LEFT, feet - row, right, feet, BLACK_KEY)
    if page.song.steps_per_beat * page.inches_a_step > 0.06:
        pen.uprights(page.x(system, page.beats_in(system)), top, bottom, BEAT_LINE, 0.5)
    for place, text in lane.labels:
        foot = bottom - place * row
        pen.words(LEFT - 0.06, foot - row / 2, text, 6.5, FAINT, ha="right", va="center")
        if not lane.is_drum:
            pen.level(foot, LEFT, right, OCTAVE_LINE, 0.5)
    pen.uprights(page.x(system, page.bars_in(system)), top, bottom, BAR_LINE, 0.8)


def _draw_notes(pen: _Pen, page: Page, system: System, lane: Lane, notes: Notes, top: float, bottom: float) -> None:
    row = (bottom - top) / lane.rows
    left = page.x(system, np.maximum(notes.start, system.start))
    # A drum is struck, not held: what a file calls its length says nothing.
    end = notes.start + page.song.steps_per_beat * DRUM_BEATS if lane.is_drum else notes.end
    right = page.x(system, np.minimum(end, system.stop))
    # A hair of paper after each note tells a repeated note from a held one.
    right = left + np.maximum(right - left - np.minimum(0.014, (right - left) * 0.25), 0.006)
    foot = bottom - lane.row_of_pitch[notes.pitch] * row
    spare = row * (0.15 if lane.is_drum else 0.03)
    pen.boxes(left, foot - row + spare, right, foot - spare, _shades(lane.colour, notes), _NOTES)


def _shades(colour: str, notes: Notes) -> Shades:
    """The louder a note, the more of the lane's colour."""
    strength = 0.35 + 0.65 * notes.velocity[:, None] / MAX_VELOCITY
    return np.asarray(1 - strength * (1 - np.array(to_rgb(colour))))
