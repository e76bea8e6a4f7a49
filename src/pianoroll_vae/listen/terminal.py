"""Draws piano rolls as text in half blocks, for a terminal of any width or a pipe.

Returns rows of coloured stretches; the console decides whether colours are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.console import Row, StyledText
from pianoroll_vae.listen.lanes import Lane, lanes_of
from pianoroll_vae.music.chart import Chart
from pianoroll_vae.music.chart_marks import Mark, chart_marks
from pianoroll_vae.music.chart_reading import read_chart
from pianoroll_vae.music.meter import bar_starts
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.summary import pitch_name

LABEL_WIDTH = 14
MAX_LANE_ROWS = 12
BLOCKS = np.array([" ", "▄", "▀", "█"])
DRUM_BLOCK = "▌"
FAINT = "bright_black"


def song_rows(song: Song, width: int, first_bar: int = 1, chart: Chart | None = None) -> list[Row]:
    """Draw the whole song in `width` columns, below its sections and chords, which are read from the song where no
    chart is given; first_bar: the number of its first bar."""
    ruler, *lanes = _rows(song, lanes_of(song), width, first_bar)
    return (
        [ruler, *_chart_rows(song, chart or read_chart(song), _columns(width)), *lanes]
        if len(song.notes)
        else [ruler, *lanes]
    )


def songs_rows(songs: Sequence[Song], width: int, first_bar: int = 1) -> list[Row]:
    """Draw songs of one band side by side in `width` columns, in the same lanes; first_bar: as in `song_rows`."""
    lanes = lanes_of(*songs)
    each = width // len(songs) - 1
    columns = [[[StyledText(song.name[:each], bold=True)], *_rows(song, lanes, each, first_bar)] for song in songs]
    return [
        [stretch for row in side_by_side for stretch in [*row, StyledText(" " * (each + 1 - _length(row)))]]
        for side_by_side in zip_longest(*columns, fillvalue=[])
    ]


def _rows(song: Song, lanes: tuple[Lane, ...], width: int, first_bar: int) -> list[Row]:
    columns = _columns(width)
    rows = [_ruler(song, columns, first_bar)]
    for lane in lanes:
        cells = _cells(song, lane, columns)
        rows += _drum_rows(lane, cells) if lane.is_drum else _pitched_rows(lane, cells)
        rows.append([])
    return rows[:-1] if lanes else [*rows, [StyledText("This song has no notes.", FAINT)]]


def _columns(width: int) -> int:
    return max(width - LABEL_WIDTH - 1, 8)


def _chart_rows(song: Song, chart: Chart, columns: int) -> list[Row]:
    """The song's sections and its changes of chord above the columns in which they begin."""
    marks = chart_marks(chart, song)
    rows = {"sections": marks.sections, "chords": marks.chords}
    return [_mark_row(name, kind, song.steps, columns) for name, kind in rows.items() if kind]


def _mark_row(name: str, marks: Sequence[Mark], steps: int, columns: int) -> Row:
    """Marks that would overlap the one before are left out; a dot stands for them where there is room."""
    line = [" "] * columns
    free = 0
    for step, text in marks:
        column = int(step * columns // steps)
        if column < free or column + len(text) > columns:
            line[min(free, columns) - 1] = "·"
            continue
        line[column : column + len(text)] = text
        free = column + len(text) + 1
    return [StyledText(f"{name:<{LABEL_WIDTH + 1}}", FAINT), StyledText("".join(line))]


def _cells(song: Song, lane: Lane, columns: int) -> NDArray[np.bool_]:
    """(rows, columns): where a lane sounds; for drums, where hits begin."""
    notes = song.notes[(song.notes.instrument == lane.instrument) & (song.notes.start < song.steps)]
    rows = lane.row_of_pitch[notes.pitch]
    first = notes.start.astype(np.int64) * columns // song.steps
    if lane.is_drum:
        cells = np.zeros((lane.rows, columns), bool)
        cells[rows, first] = True
        return cells
    after = np.maximum(np.minimum(notes.end, song.steps).astype(np.int64) * columns // song.steps, first + 1)
    # Where there is room, leave a gap between repeated notes, which would look like a held one.
    repeated = (notes.pitch[1:] == notes.pitch[:-1]) & (after[:-1] >= first[1:]) & (first[1:] - first[:-1] > 1)
    after[:-1] = np.where(repeated, first[1:] - 1, after[:-1])
    edges = np.zeros((lane.rows, columns + 1), np.int64)
    np.add.at(edges, (rows, first), 1)
    np.add.at(edges, (rows, after), -1)
    return np.asarray(edges.cumsum(axis=1)[:, :-1] > 0)


def _pitched_rows(lane: Lane, cells: NDArray[np.bool_]) -> list[Row]:
    """Two pitches a character, or more where the lane would exceed `MAX_LANE_ROWS`."""
    pitches = max(-(-lane.rows // (2 * MAX_LANE_ROWS)), 1)
    halves = -(-lane.rows // (2 * pitches)) * 2
    padded = np.zeros((halves * pitches, cells.shape[1]), bool)
    padded[: lane.rows] = cells
    sounding = np.flip(padded.reshape(halves, pitches, -1).max(axis=1), axis=0)  # from the top down
    drawn = BLOCKS[sounding[0::2] * 2 + sounding[1::2]]
    labels = {0: pitch_name(lane.lowest + lane.rows - 1), len(drawn) - 1: pitch_name(lane.lowest)}
    return [
        [*_label(lane, number, labels.get(number, "")), StyledText("".join(line), lane.colour)]
        for number, line in enumerate(drawn)
    ]


def _drum_rows(lane: Lane, cells: NDArray[np.bool_]) -> list[Row]:
    """One row a drum."""
    names = dict(lane.labels)
    return [
        [
            *_label(lane, number, names[row]),
            StyledText("".join(DRUM_BLOCK if hit else " " for hit in cells[row]), lane.colour),
        ]
        for number, row in enumerate(reversed(range(lane.rows)))
    ]


def _label(lane: Lane, number: int, text: str) -> Row:
    name = lane.name if number == 0 else ""
    room = LABEL_WIDTH - len(text)
    return [StyledText(f"{name[: room - 1]:<{room}}", lane.colour, bold=True), StyledText(f"{text}│", FAINT)]


def _ruler(song: Song, columns: int, first_bar: int) -> Row:
    """Bar numbers above the columns in which bars begin, as many as fit."""
    bars = bar_starts(song)
    line = [" "] * columns
    free = 0
    interval = next((n for n in (1, 2, 4, 8, 16, 32, 64, 128) if len(bars) / n * 5 <= columns), 256)
    for number in range(0, len(bars), interval):
        column, text = int(bars[number] * columns // song.steps), str(number + first_bar)
        if column >= free and column + len(text) <= columns:
            line[column : column + len(text)] = text
            free = column + len(text) + 1
    return [StyledText(" " * (LABEL_WIDTH + 1)), StyledText("".join(line), FAINT)]


def _length(row: Row) -> int:
    return sum(len(stretch.text) for stretch in row)
