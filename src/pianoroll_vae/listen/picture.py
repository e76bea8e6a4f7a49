"""Draws songs as PNG: piano rolls in systems like a score, each instrument a coloured lane, below the song's chart.

The same songs give the same bytes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from pianoroll_vae.errors import counted
from pianoroll_vae.listen.canvas import NOTES_ZORDER, TEXT_COLOUR, Canvas, Colours, TextLine
from pianoroll_vae.listen.lanes import Lane, lanes_of, silent_instruments
from pianoroll_vae.listen.page import LANE_GAP, LEFT, PAGE_WIDTH, TOP, Page, System
from pianoroll_vae.listen.plot_style import figure_png
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chart_marks import ChartMarks, chart_marks
from pianoroll_vae.music.chart_reading import read_chart
from pianoroll_vae.music.meter import clock, seconds_at
from pianoroll_vae.music.notes import MAX_VELOCITY, Notes
from pianoroll_vae.music.song import Song

DOTS_PER_INCH = 120

FAINT_COLOUR = "#7A7A7A"
PAGE_COLOUR, LANE_COLOUR, BLACK_KEY_COLOUR = "#FFFFFF", "#F7F7F5", "#EEEEEB"
BAR_LINE_COLOUR, BEAT_LINE_COLOUR, OCTAVE_LINE_COLOUR = "#A9A9A5", "#E0E0DC", "#D0D0CB"
BLACK_KEYS = (1, 3, 6, 8, 10)
DRUM_WIDTH_BEATS = 0.2
"""Width of a drum hit."""

MAX_SILENT_NAMES = 5
EDGE = 0.3
"""Inches from the page's left edge to its text."""

CHORD_LINE, BAR_LINE, CHANGE_LINE = 0.07, 0.22, 0.38
"""Inches from a system's first lane up to the chord symbols, the bar numbers, and sections, meter and tempo."""

CHORD_SIZE, BAR_SIZE, SECTION_SIZE = 8.5, 7, 8.5
"""Font sizes in points."""

MAX_SHIFT = 0.6
"""Inches by which a meter or a tempo may stand to the right of its change, behind other text."""


def song_png(song: Song, chart: Chart | None = None) -> bytes:
    """Draw one song with its chart, which is read from the song where none is given."""
    return _png([song], [chart or read_chart(song)])


def song_sheets(song: Song, chart: Chart | None = None) -> list[bytes]:
    """The same as several pages of at most `SHEET_HEIGHT`."""
    return list(_sheets([song], [chart or read_chart(song)])[1])


def songs_png(songs: Sequence[Song], first_bar: int = 1, charts: Sequence[Chart] | None = None) -> bytes:
    """Draw songs of one band side by side, all in the same lanes; first_bar: the number of their first bars."""
    return _png(songs, charts or list(map(read_chart, songs)), first_bar)


def songs_sheets(
    songs: Sequence[Song], first_bar: int = 1, charts: Sequence[Chart] | None = None
) -> tuple[int, Iterator[bytes]]:
    """The same as several pages of at most `SHEET_HEIGHT`: how many, and each as it is drawn. Songs that end earlier
    have empty last pages."""
    return _sheets(songs, charts or list(map(read_chart, songs)), first_bar)


def _sheets(songs: Sequence[Song], charts: Sequence[Chart], first_bar: int = 1) -> tuple[int, Iterator[bytes]]:
    count = max(page.sheets for page in _pages(songs, first_bar, 0))
    return count, (_png(songs, charts, first_bar, sheet) for sheet in range(count))


def _pages(songs: Sequence[Song], first_bar: int, sheet: int | None) -> list[Page]:
    lanes, longest = lanes_of(*songs), max(song.beats for song in songs)
    return [Page(song, lanes, longest, first_bar, sheet) for song in songs]


def songs_figure(
    songs: Sequence[Song], charts: Sequence[Chart], first_bar: int = 1, sheet: int | None = None
) -> Figure:
    """The pages of songs and their charts, side by side; sheet: as `Page` has it."""
    pages = _pages(songs, first_bar, sheet)
    size = PAGE_WIDTH * len(pages), max(page.height for page in pages)
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, facecolor=PAGE_COLOUR)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, size[0]), ylim=(size[1], 0))
    axes.set_axis_off()
    for column, (page, chart) in enumerate(zip(pages, charts, strict=True)):
        canvas = Canvas(axes, column * PAGE_WIDTH)
        marks = chart_marks(chart, page.song)
        _draw_header(canvas, page, chart)
        for system in page.systems:
            _draw_system(canvas, page, system, marks)
    return figure


def _png(songs: Sequence[Song], charts: Sequence[Chart], first_bar: int = 1, sheet: int | None = None) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a character missing from the font is drawn as an empty box
        return figure_png(songs_figure(songs, charts, first_bar, sheet))


def _draw_header(canvas: Canvas, page: Page, chart: Chart) -> None:
    song = page.song
    canvas.text_at(EDGE, 0.45, song.name or "Untitled", 17, weight="bold")
    tempi = [bpm for _, bpm in song.tempo]
    bpm_range = f"{min(tempi):.0f}" if max(tempi) - min(tempi) < 1 else f"{min(tempi):.0f}–{max(tempi):.0f}"
    meters = list(dict.fromkeys(f"{over}/{under}" for _, over, under in song.meters))
    facts = [str(chart.key)] if chart.key else []
    facts += [f"{bpm_range} BPM", ", ".join(meters[:4]), counted(len(page.bars), "bar"), clock(song.seconds)]
    facts.append(counted(len(song.notes), "note"))
    if page.sheet is not None and page.sheets > 1:
        facts.insert(0, f"page {page.sheet + 1} of {page.sheets}")
    silent = silent_instruments(song)
    if silent:
        facts.append(f"silent: {', '.join(silent) if len(silent) <= MAX_SILENT_NAMES else f'{len(silent)} others'}")
    canvas.text_at(EDGE, 0.74, "   ·   ".join(facts), 10, FAINT_COLOUR)
    if not page.lanes:
        canvas.text_at(LEFT, TOP + 0.3, "This song has no notes.", 12, FAINT_COLOUR)


def _draw_system(canvas: Canvas, page: Page, system: System, marks: ChartMarks) -> None:
    """Draw all lanes of one system."""
    if not page.lanes:
        return
    time = clock(float(seconds_at(page.song, system.start)))
    canvas.text_at(EDGE, system.top - BAR_LINE, time, 8, FAINT_COLOUR)
    _draw_bar_numbers(canvas, page, system)
    _draw_marks(canvas, page, system, marks)
    first = int(np.floor(system.start))
    notes = page.song.notes.between(first, int(np.ceil(system.stop))).shifted(first)
    top = system.top
    for lane, height in zip(page.lanes, page.lane_heights, strict=True):
        _draw_lane(canvas, page, system, lane, top, top + height)
        _draw_notes(canvas, page, system, lane, notes[notes.instrument == lane.instrument], top, top + height)
        top += height + LANE_GAP
    if system.stop == page.stop:
        canvas.vertical_lines(page.x(system, system.stop), system.top, system.top + page.lanes_height, TEXT_COLOUR, 1.8)


def _draw_bar_numbers(canvas: Canvas, page: Page, system: System) -> None:
    bars = page.bars_in(system)
    first = int(np.searchsorted(page.bars, system.start)) + page.first_bar
    width = float(np.diff(page.x(system, bars)).mean()) if len(bars) > 1 else 1.0
    interval = next((n for n in (1, 2, 4, 8, 16, 32) if n * width > 0.34), 64)
    for number, x in enumerate(page.x(system, bars), first):
        if (number - 1) % interval == 0 or number == page.first_bar:
            canvas.text_at(float(x), system.top - BAR_LINE, str(number), BAR_SIZE, FAINT_COLOUR)


def _draw_marks(canvas: Canvas, page: Page, system: System, marks: ChartMarks) -> None:
    """Draw sections, and chords, meter and tempo where they change, above a system."""

    def x_of(step: int) -> float | None:
        return float(page.x(system, step)) if system.start <= step < system.stop else None

    chords, changes = TextLine(canvas, system.top - CHORD_LINE), TextLine(canvas, system.top - CHANGE_LINE)
    for step, symbol in marks.chords:
        if (x := x_of(step)) is not None:
            chords.place(x, symbol, CHORD_SIZE)
    for step, name in marks.sections:
        if (x := x_of(step)) is not None:
            changes.place(x, name, SECTION_SIZE, boxed=True, weight="bold")
    for step, over, under in page.song.meters[1:]:
        if (x := x_of(step)) is not None:
            changes.place(x, f"{over}/{under}", 7.5, MAX_SHIFT, weight="bold")
    for (_, before), (step, bpm) in zip(page.song.tempo, page.song.tempo[1:], strict=False):
        if abs(bpm - before) >= 1 and (x := x_of(step)) is not None:
            changes.place(x, f"♩ = {bpm:.0f}", 6.5, MAX_SHIFT, colour=FAINT_COLOUR)


def _draw_lane(canvas: Canvas, page: Page, system: System, lane: Lane, top: float, bottom: float) -> None:
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
    canvas: Canvas, page: Page, system: System, lane: Lane, notes: Notes, top: float, bottom: float
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
        left, row_bottom - row + margin, right, row_bottom - margin, _note_colours(lane.colour, notes), NOTES_ZORDER
    )


def _note_colours(colour: str, notes: Notes) -> Colours:
    """Blend the lane's colour with white by velocity."""
    strength = 0.35 + 0.65 * notes.velocity[:, None] / MAX_VELOCITY
    return np.asarray(1 - strength * (1 - np.array(to_rgb(colour))))
