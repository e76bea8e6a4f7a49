"""Where everything stands on a page of piano rolls: systems under each other, lanes within a system.

Measured in inches from the page's upper left corner, downward. A beat is as wide in every system of a song as in the
first, as in an engraved score. Knows nothing of how it is drawn.
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
TALLEST_PAGE = 130.0
LEFT, RIGHT, TOP, BOTTOM = 1.35, 0.3, 1.0, 0.2
SYSTEM_HEAD, SYSTEM_GAP, LANE_GAP = 0.3, 0.25, 0.07
FEWEST_BEATS, MOST_BEATS = 16, 64

Places = NDArray[np.float64]


@dataclass(frozen=True)
class System:
    """One line of a song: its steps from `start` to `stop`, and where its lanes begin on the page."""

    start: float
    stop: float
    top: float


@dataclass(frozen=True)
class Page:
    """A song laid out; `beats` is what the page must hold: the longest song's, where several stand side by side."""

    song: Song
    lanes: tuple[Lane, ...]
    beats: float

    @cached_property
    def bars(self) -> Places:
        """Steps at which bars begin. A last one that is silent and incomplete, as files often end, is not shown."""
        bars = bar_starts(self.song)
        if len(bars) > 1 and self.song.notes.end.max(initial=0) <= bars[-1]:
            return bars if self.song.steps - bars[-1] >= bars[-1] - bars[-2] else bars[:-1]
        return bars

    @cached_property
    def stop(self) -> float:
        """The step at which the drawing ends."""
        hidden = bar_starts(self.song)[len(self.bars) :]
        return float(hidden[0]) if len(hidden) else float(self.song.steps)

    @cached_property
    def lane_heights(self) -> tuple[float, ...]:
        return tuple(_lane_height(lane) for lane in self.lanes)

    @cached_property
    def lanes_height(self) -> float:
        """Of all lanes of one system."""
        return sum(self.lane_heights) + LANE_GAP * max(len(self.lanes) - 1, 0)

    @cached_property
    def system_height(self) -> float:
        return SYSTEM_HEAD + self.lanes_height + SYSTEM_GAP

    @cached_property
    def steps_a_line(self) -> float:
        beats = float(np.clip(self.beats, FEWEST_BEATS, MOST_BEATS))
        # A very long song gets longer lines, so that its page stays one that a viewer can open.
        while self.beats / beats * self.system_height > TALLEST_PAGE:
            beats += FEWEST_BEATS
        return beats * self.song.steps_per_beat

    @cached_property
    def inches_a_step(self) -> float:
        return (PAGE_WIDTH - LEFT - RIGHT) / self.steps_a_line

    @cached_property
    def systems(self) -> tuple[System, ...]:
        """Whole bars in each system, as many as fit; a bar longer than a line is broken."""
        edges = [0.0]
        for bar, following in zip(self.bars, [*self.bars[1:], self.stop], strict=False):
            if following - edges[-1] > self.steps_a_line and bar > edges[-1]:
                edges.append(float(bar))
            while following - edges[-1] > self.steps_a_line:
                edges.append(edges[-1] + self.steps_a_line)
        edges.append(self.stop)
        tops = TOP + SYSTEM_HEAD + np.arange(len(edges) - 1) * self.system_height
        return tuple(System(a, b, float(top)) for a, b, top in zip(edges[:-1], edges[1:], tops, strict=True))

    @cached_property
    def height(self) -> float:
        return TOP + self.system_height * len(self.systems) + BOTTOM

    def bars_in(self, system: System) -> Places:
        return self.bars[(self.bars >= system.start) & (self.bars < system.stop)]

    def beats_in(self, system: System) -> Places:
        """Steps of the beats, counted from each bar's beginning."""
        bars = self.bars_in(system)
        ends = np.append(bars[1:], system.stop)
        beat = self.song.steps_per_beat
        return np.concatenate([np.zeros(0), *(np.arange(a, b, beat) for a, b in zip(bars, ends, strict=True))])

    def x(self, system: System, steps: ArrayLike) -> Places:
        """Where steps of a system stand from left to right."""
        return np.asarray(LEFT + (np.asarray(steps, np.float64) - system.start) * self.inches_a_step)


def _lane_height(lane: Lane) -> float:
    if lane.is_drum:
        return max(0.12 * lane.rows, 0.3)
    return float(np.clip(0.03 * lane.rows, 0.5, 1.4))
