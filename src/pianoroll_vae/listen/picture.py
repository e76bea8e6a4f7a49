"""Draws songs as PNG: piano rolls in systems like a score, each instrument a coloured lane.

The same songs give the same bytes.
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

TEXT_COLOUR, FAINT_COLOUR = "#222222", "#7A7A7A"
PAGE_COLOUR, LANE_COLOUR, BLACK_KEY_COLOUR = "#FFFFFF", "#F7F7F5", "#EEEEEB"
BAR_LINE_COLOUR, BEAT_LINE_COLOUR, OCTAVE_LINE_COLOUR = "#A9A9A5", "#E0E0DC", "#D0D0CB"
BLACK_KEYS = (1, 3, 6, 8, 10)
DRUM_WIDTH_BEATS = 0.2
"""Width of a drum hit."""

MAX_SILENT_NAMES = 5
EDGE = 0.3
"""Inches from the page's left edge to its text."""

_BACKGROUND, _LINES, _NOTES = 0, 1, 2
"""Matplotlib's zorder: notes cover lines."""

Colours = NDArray[np.float64]
"""(rectangles, 3): red, green and blue, 0 to 1."""


def song_png(song: Song) -> bytes:
    """Draw one song."""
    return songs_png([song])


def songs_png(songs: Sequence[Song]) -> bytes:
    """Draw songs of one band side by side, all in the same lanes."""
    lanes = lanes_of(*songs)
    longest = max(song.beats for song in songs)
    pages = [Page(song, lanes, longest) for song in songs]
    size = PAGE_WIDTH * len(pages), max(page.height for page in pages)
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, facecolor=PAGE_COLOUR)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, size[0]), ylim=(size[1], 0))
    axes.set_axis_off()
    for column, page in enumerate(pages):
        canvas = _Canvas(axes, column * PAGE_WIDTH)
        _draw_header(canvas, page)
        for system in page.systems:
            _draw_system(canvas, page, system)
    image = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a character missing from the font is drawn as an empty box
        figure.savefig(image, format="png", metadata={"Software": None})
    return image.getvalue()


class _Canvas:
    """Draws in inches on `axes`, shifted by `offset` to the right."""

    def __init__(self, axes: Axes, offset: float) -> None:
        self.axes = axes
        self.offset = offset

    def rectangles(
        self, left: Any, top: Any, right: Any, bottom: Any, colours: Colours | str, zorder: float = _BACKGROUND
    ) -> None:
        """Filled rectangles; each side is one number or one for each rectangle."""
        sides = np.broadcast_arrays(*(np.atleast_1d(side) for side in (left, top, right, bottom)))
        x0, y0, x1, y1 = (np.asarray(side, np.float64) for side in sides)
        corners = np.stack([np.stack([x0, x1, x1, x0], 1) + self.offset, np.stack([y0, y0, y1, y1], 1)], 2)
        self.axes.add_collection(
            PolyCollection(list(corners), facecolors=colours, linewidths=0, zorder=zorder), autolim=False
        )

    def vertical_lines(self, x: Any, top: float, bottom: float, colour: str, width: float) -> None:
        """Vertical lines at each x."""
        x = np.atleast_1d(x) + self.offset
        ends = np.stack([np.stack([x, np.full_like(x, y)], 1) for y in (top, bottom)], 1)
        self.axes.add_collection(
            LineCollection(list(ends), colors=colour, linewidths=width, zorder=_LINES), autolim=False
        )

    def horizontal_line(self, y: float, left: float, right: float, colour: str, width: float) -> None:
        """A horizontal line from `left` to `right`."""
        ends = [[(left + self.offset, y), (right + self.offset, y)]]
        self.axes.add_collection(LineCollection(ends, colors=colour, linewidths=width, zorder=_LINES), autolim=False)

    def text_at(self, x: float, y: float, text: str, size: float, colour: str = TEXT_COLOUR, **style: Any) -> None:
        style = {"va": "baseline", "fontfamily": "DejaVu Sans", "parse_math": False, **style}
        self.axes.text(x + self.offset, y, text, fontsize=size, color=colour, **style)


def _draw_header(canvas: _Canvas, page: Page) -> None:
    song = page.song
    canvas.text_at(EDGE, 0.45, song.name or "Untitled", 17, weight="bold")
    tempi = [bpm for _, bpm in song.tempo]
    bpm_range = f"{min(tempi):.0f}" if max(tempi) - min(tempi) < 1 else f"{min(tempi):.0f}–{max(tempi):.0f}"
    meters = list(dict.fromkeys(f"{over}/{under}" for _, over, under in song.meters))
    facts = [f"{bpm_range} BPM", ", ".join(meters[:4]), f"{len(page.bars):,} bars", clock(song.seconds)]
    facts.append(f"{len(song.notes):,} notes")
    silent = silent_instruments(song)
    if silent:
        facts.append(f"silent: {', '.join(silent) if len(silent) <= MAX_SILENT_NAMES else f'{len(silent)} others'}")
    canvas.text_at(EDGE, 0.74, "   ·   ".join(facts), 10, FAINT_COLOUR)
    if not page.lanes:
        canvas.text_at(LEFT, TOP + 0.3, "This song has no notes.", 12, FAINT_COLOUR)


def _draw_system(canvas: _Canvas, page: Page, system: System) -> None:
    """Draw all lanes of one system."""
    if not page.lanes:
        return
    canvas.text_at(EDGE, system.top - 0.06, clock(float(seconds_at(page.song, system.start))), 8, FAINT_COLOUR)
    _draw_marks(canvas, page, system)
    first = int(np.floor(system.start))
    notes = page.song.notes.between(first, int(np.ceil(system.stop))).shifted(first)
    top = system.top
    for lane, height in zip(page.lanes, page.lane_heights, strict=True):
        _draw_lane(canvas, page, system, lane, top, top + height)
        _draw_notes(canvas, page, system, lane, notes[notes.instrument == lane.instrument], top, top + height)
        top += height + LANE_GAP
    if system is page.systems[-1]:
        canvas.vertical_lines(page.x(system, system.stop), system.top, system.top + page.lanes_height, TEXT_COLOUR, 1.8)


def _draw_marks(canvas: _Canvas, page: Page, system: System) -> None:
    """Draw bar numbers above a system, and tempo and meter where they change."""
    y = system.top - 0.06
    bars = page.bars_in(system)
    first = int(np.searchsorted(page.bars, system.start))
    width = float(np.diff(page.x(system, bars)).mean()) if len(bars) > 1 else 1.0
    interval = next((n for n in (1, 2, 4, 8, 16, 32) if n * width > 0.34), 64)
    for number, x in enumerate(page.x(system, bars), first):
        if number % interval == 0:
            canvas.text_at(float(x), y, str(number + 1), 7.5)
    occupied_until = -1.0
    for (_, before), (step, bpm) in zip(page.song.tempo, page.song.tempo[1:], strict=False):
        x = float(page.x(system, step))
        if system.start <= step < system.stop and abs(bpm - before) >= 1 and x > occupied_until:
            canvas.text_at(x + 0.25, y - 0.12, f"♩ = {bpm:.0f}", 6.5, FAINT_COLOUR)
            occupied_until = x + 0.7
    for step, over, under in page.song.meters[1:]:
        if system.start <= step < system.stop:
            canvas.text_at(float(page.x(system, step)), y - 0.12, f"{over}/{under}", 7.5, weight="bold")


def _draw_lane(canvas: _Canvas, page: Page, system: System, lane: Lane, top: float, bottom: float) -> None:
    """Draw a lane's background, keys, lines and labels."""
    row = (bottom - top) / lane.rows
    right = float(page.x(system, system.stop))
    canvas.rectangles(LEFT, top, right, bottom, LANE_COLOUR)
    canvas.text_at(EDGE, top + 0.1, lane.name, 9, lane.colour, weight="bold", va="center")
    if lane.is_drum:
        bottoms = bottom - np.arange(1, lane.rows, 2) * row
    else:
        bottoms = bottom - np.array([r for r in range(lane.rows) if (lane.lowest + r) % 12 in BLACK_KEYS]) * row
    canvas.rectangles(LEFT, bottoms - row, right, bottoms, BLACK_KEY_COLOUR)
    if page.song.steps_per_beat * page.inches_per_step > 0.06:
        canvas.vertical_lines(page.x(system, page.beats_in(system)), top, bottom, BEAT_LINE_COLOUR, 0.5)
    for place, text in lane.labels:
        row_bottom = bottom - place * row
        canvas.text_at(LEFT - 0.06, row_bottom - row / 2, text, 6.5, FAINT_COLOUR, ha="right", va="center")
        if not lane.is_drum:
            canvas.horizontal_line(row_bottom, LEFT, right, OCTAVE_LINE_COLOUR, 0.5)
    canvas.vertical_lines(page.x(system, page.bars_in(system)), top, bottom, BAR_LINE_COLOUR, 0.8)


def _draw_notes(
    canvas: _Canvas, page: Page, system: System, lane: Lane, notes: Notes, top: float, bottom: float
) -> None:
    row = (bottom - top) / lane.rows
    left = page.x(system, np.maximum(notes.start, system.start))
    # The length of a drum note has no meaning in General MIDI.
    end = notes.start + page.song.steps_per_beat * DRUM_WIDTH_BEATS if lane.is_drum else notes.end
    right = page.x(system, np.minimum(end, system.stop))
    # A gap after each note separates repeated notes, which would look like a held one.
    right = left + np.maximum(right - left - np.minimum(0.014, (right - left) * 0.25), 0.006)
    row_bottom = bottom - lane.row_of_pitch[notes.pitch] * row
    margin = row * (0.15 if lane.is_drum else 0.03)
    canvas.rectangles(
        left, row_bottom - row + margin, right, row_bottom - margin, _note_colours(lane.colour, notes), _NOTES
    )


def _note_colours(colour: str, notes: Notes) -> Colours:
    """Blend the lane's colour with white by velocity."""
    strength = 0.35 + 0.65 * notes.velocity[:, None] / MAX_VELOCITY
    return np.asarray(1 - strength * (1 - np.array(to_rgb(colour))))
