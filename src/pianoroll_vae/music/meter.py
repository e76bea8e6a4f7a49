"""Where the bars of a song stand, and at what time a step sounds."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.song import Song

Meter = tuple[int, int]
"""Numerator and denominator."""

FOUR_FOUR: Meter = (4, 4)

MAX_DOWNBEAT_SIXTEENTHS = 128
"""Of a bar that stands between two downbeats: one of eight whole notes is none."""

BarRange = tuple[int, int]
"""The first and the last bar of a range, counted from 1."""


def bar_starts(song: Song) -> NDArray[np.float64]:
    """(bars,): the step at which each bar begins. A meter change begins a bar; bars may fall between steps."""
    changes = song.meters
    ends = [float(step) for step, _, _ in changes[1:]] + [float(song.steps)]
    starts = [
        np.arange(step, min(end, song.steps), over * 4 / under * song.steps_per_beat)
        for (step, over, under), end in zip(changes, ends, strict=True)
        if step < song.steps
    ]
    return np.concatenate(starts) if starts else np.zeros(0)


def meters_of_downbeats(
    downbeats: NDArray[np.int64], steps: int, steps_per_beat: int
) -> tuple[tuple[int, int, int], ...]:
    """`Song.meters` of a song of so many steps whose bars begin at these ascending ones. How a bar is divided is not
    known: 6/8 becomes 3/4. The last bar may be cut short.

    With a single downbeat, or bars that are not whole sixteenths, the song is in 4/4.
    """
    starts = np.union1d(0, downbeats).astype(np.int64)
    lengths = np.diff(starts)
    last = steps - int(starts[-1])
    if len(lengths) and last > lengths[-1] and last * 4 % steps_per_beat == 0:
        lengths = np.append(lengths, last)
    sixteenths, rest = np.divmod(lengths * 4, steps_per_beat)
    if len(downbeats) < 2 or rest.any() or not 1 <= sixteenths.min() <= sixteenths.max() <= MAX_DOWNBEAT_SIXTEENTHS:
        return ((0, *FOUR_FOUR),)
    changes = np.flatnonzero(np.diff(sixteenths, prepend=0))
    meters = []
    for step, length in zip(starts[changes].tolist(), sixteenths[changes].tolist(), strict=True):
        under = next(under for under in (4, 8, 16) if length * under % 16 == 0)
        meters.append((step, length * under // 16, under))
    return tuple(meters)


def beats_of(meter: Meter) -> float:
    """Quarter notes in a bar."""
    return meter[0] * 4 / meter[1]


def half_beats_of(meter: Meter) -> float:
    """Quarter notes in the first half of a bar, the longer one of an odd meter."""
    return beats_of((-(-meter[0] // 2), meter[1]))


def main_meter(song: Song) -> Meter:
    """The meter that holds for the most of a song."""
    held: dict[Meter, int] = {}
    ends = [*(step for step, _, _ in song.meters[1:]), song.steps]
    for (step, over, under), end in zip(song.meters, ends, strict=True):
        held[over, under] = held.get((over, under), 0) + min(end, song.steps) - min(step, song.steps)
    return max(held, key=lambda meter: held[meter])


def bars_between(song: Song, first: int, last: int) -> Song:
    """The bars `first` to `last`, counted from 1, as a song of their own; bars after the end are no bars."""
    return song.between(*steps_of_bars(song, first, last))


def steps_of_bars(song: Song, first: int, last: int) -> tuple[int, int]:
    """The steps [start, stop) of the bars `first` to `last`, counted from 1; bars after the end are no bars."""
    edges = np.append(bar_starts(song), song.steps)
    bars = len(edges) - 1
    if not 1 <= first <= min(last, bars):
        raise _bars_missing(first, last, bars)
    start, stop = np.ceil(edges[[first - 1, min(last, bars)]]).astype(int).tolist()
    return start, stop


def _bars_missing(first: int, last: int, bars: int) -> SettingInvalid:
    if first > last >= 1:
        return SettingInvalid(f"Bars {first} to {last} end before they begin.", f"Write them as {last}-{first}.")
    what = f"is no bar {first}" if first == last else f"are no bars {first} to {last}"
    return SettingInvalid(f"There {what}: the song has {bars}.", "Bars count from 1.")


def bars_of_steps(song: Song, start: int, stop: int) -> BarRange:
    """The bars that begin in the steps [start, stop), counted from 1."""
    first, end = np.searchsorted(np.ceil(bar_starts(song)), [start, stop]).tolist()
    return first + 1, max(end, first + 1)


def seconds_at(song: Song, steps: ArrayLike) -> NDArray[np.float64]:
    """When each of these steps sounds, through all tempo changes."""
    changes = np.array([step for step, _ in song.tempo], np.float64)
    pace = np.array([60 / (bpm * song.steps_per_beat) for _, bpm in song.tempo])
    reached = np.concatenate([[0.0], np.cumsum(np.diff(changes) * pace[:-1])])
    wanted = np.asarray(steps, np.float64)
    holds = np.searchsorted(changes, wanted, side="right") - 1
    return np.asarray(reached[holds] + (wanted - changes[holds]) * pace[holds])


def clock(seconds: float) -> str:
    """'2:08', or '1:02:08' from an hour on, to the nearest second; halves go up, as on the studio's page."""
    minutes, rest = divmod(math.floor(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
