"""Computes the layout of a page of piano rolls: systems below each other, lanes within a system.

A song is one page as high as it must be, or several of at most `SHEET_HEIGHT`, which a screen or a printer can show.

Positions are in inches from the page's upper left corner, y downward. A beat has the same width in every system of a
song, as in an engraved score.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.listen.lanes import Lane
from pianoroll_vae.music.meter import bar_starts
from pianoroll_vae.music.song import Song

PAGE_WIDTH = 16.0
MAX_PAGE_HEIGHT = 130.0
SHEET_HEIGHT = 22.6
"""Of one of several pages, which then has the shape of a sheet of paper; a single system may be higher."""

LEFT, RIGHT, TOP, BOTTOM = 1.35, 0.3, 1.0, 0.2
SYSTEM_HEADER, SYSTEM_GAP, LANE_GAP = 0.55, 0.25, 0.07
MIN_BEATS, MAX_BEATS = 16, 64

Positions = NDArray[np.float64]


@dataclass(frozen=True)
class System:
    """One line of a song: its steps from `start` to `stop`, and the y of its first lane."""

    start: float
    stop: float
    top: float


@dataclass(frozen=True)
class Page:
    """The layout of a song; `beats` is its length, or that of the longest of several songs side by side."""

    song: Song
    lanes: tuple[Lane, ...]
    beats: float
    first_bar: int = 1
    """The number of its first bar, where it is a part of a song."""

    sheet: int | None = None
    """Which of several pages, from 0; None: one page for the whole song."""

    @cached_property
    def bars(self) -> Positions:
        """Steps at which bars begin. A last bar that is silent and incomplete, as files often end, is not shown."""
        bars = bar_starts(self.song)
        if len(bars) > 1 and self.song.notes.end.max(initial=0) <= bars[-1]:
            return bars if self.song.steps - bars[-1] >= bars[-1] - bars[-2] else bars[:-1]
        return bars

    @cached_property
    def stop(self) -> float:
        """The first step that is not drawn."""
        hidden = bar_starts(self.song)[len(self.bars) :]
        return float(hidden[0]) if len(hidden) else float(self.song.steps)

    @cached_property
    def lane_heights(self) -> tuple[float, ...]:
        return tuple(_lane_height(lane) for lane in self.lanes)

    @cached_property
    def lanes_height(self) -> float:
        """Height of all lanes of one system."""
        return sum(self.lane_heights) + LANE_GAP * max(len(self.lanes) - 1, 0)

    @cached_property
    def system_height(self) -> float:
        return SYSTEM_HEADER + self.lanes_height + SYSTEM_GAP

    @cached_property
    def steps_per_system(self) -> float:
        beats = float(np.clip(self.beats, MIN_BEATS, MAX_BEATS))
        # A very long song gets longer systems, so that image viewers can open its page.
        while self.sheet is None and self.beats / beats * self.system_height > MAX_PAGE_HEIGHT:
            beats += MIN_BEATS
        return beats * self.song.steps_per_beat

    @cached_property
    def inches_per_step(self) -> float:
        return (PAGE_WIDTH - LEFT - RIGHT) / self.steps_per_system

    @cached_property
    def edges(self) -> Positions:
        """Steps at which systems begin, and the end of the last one: as many whole bars as fit in each; a bar longer
        than a system is broken."""
        edges = [0.0]
        for bar, following in zip(self.bars, [*self.bars[1:], self.stop], strict=False):
            if following - edges[-1] > self.steps_per_system and bar > edges[-1]:
                edges.append(float(bar))
            while following - edges[-1] > self.steps_per_system:
                edges.append(edges[-1] + self.steps_per_system)
        return np.array([*edges, self.stop])

    @cached_property
    def systems_per_sheet(self) -> int:
        return max(int((SHEET_HEIGHT - TOP - BOTTOM) / self.system_height), 1)

    @cached_property
    def sheets(self) -> int:
        """How many pages the song has where it has several."""
        return -(-(len(self.edges) - 1) // self.systems_per_sheet)

    @cached_property
    def systems(self) -> tuple[System, ...]:
        """Those of this page."""
        edges = self.edges
        if self.sheet is not None:
            edges = edges[self.sheet * self.systems_per_sheet :][: self.systems_per_sheet + 1]
        tops = TOP + SYSTEM_HEADER + np.arange(max(len(edges) - 1, 0)) * self.system_height
        return tuple(System(float(a), float(b), float(top)) for a, b, top in zip(edges, edges[1:], tops, strict=False))

    @cached_property
    def height(self) -> float:
        return TOP + self.system_height * len(self.systems) + BOTTOM

    def bars_in(self, system: System) -> Positions:
        return self.bars[(self.bars >= system.start) & (self.bars < system.stop)]

    def beats_in(self, system: System) -> Positions:
        """Steps of the beats, counted from the first beat of each bar."""
        bars = self.bars_in(system)
        ends = np.append(bars[1:], system.stop)
        beat = self.song.steps_per_beat
        return np.concatenate([np.zeros(0), *(np.arange(a, b, beat) for a, b in zip(bars, ends, strict=True))])

    def x(self, system: System, steps: ArrayLike) -> Positions:
        """The x of steps of a system."""
        return np.asarray(LEFT + (np.asarray(steps, np.float64) - system.start) * self.inches_per_step)


def _lane_height(lane: Lane) -> float:
    if lane.is_drum:
        return max(0.12 * lane.rows, 0.3)
    return float(np.clip(0.03 * lane.rows, 0.5, 1.4))
