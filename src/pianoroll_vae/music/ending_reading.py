"""Finds the ending of a song: its last bars, in which hardly a note begins.

A band whose primer is an ending continues with held chords and rests. Onset times are counted and not
notes: the last chord of a band has as many notes as a bar of a quiet song, but all of them begin together.
"""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.meter import bar_starts
from pianoroll_vae.music.notes import round_steps
from pianoroll_vae.music.song import Song

ONSET_TIMES_PER_BEAT = 4
"""Notes that begin within a sixteenth begin together: the notes of a chord that was played lie apart by less."""

USUAL_BARS = 16
"""Bars before a bar, whose median number of onset times is the usual one."""

MIN_BARS = 3
"""Bars with notes that have to be among them."""

MAX_SHARE_OF_USUAL = 1 / 3
"""A bar belongs to the ending if it has less than this share of the usual onset times. Of 248 songs of LPD, three
quarters have an ending then, nearly all of one or two bars, and of the same songs cut at any bar line one of a
hundred."""

RITARDANDO = 0.9
"""An ending is slowed down if its tempo is below this share of the usual one."""


def find_ending(song: Song, stop: int) -> int | None:
    """The step of the bar line at which the ending before step `stop` begins; None where the song just stops."""
    starts = bar_starts(song)
    starts = starts[starts < stop]
    onset_times = _count_onset_times(song, starts, stop)
    first = len(onset_times)
    while first and _is_sparse(onset_times[first - 1], onset_times[max(first - 1 - USUAL_BARS, 0) : first - 1]):
        first -= 1
    return round(float(starts[first])) if first < len(onset_times) else None


def tempo_before_slowing(song: Song, ending: int, stop: int) -> float | None:
    """The usual tempo of the bars before the ending, where the song has slowed down by step `stop`; else None."""
    starts = bar_starts(song)
    first = float(starts[starts < ending][-USUAL_BARS:][0])
    edges = np.clip([*(step for step, _ in song.tempo), ending], first, ending)
    paces = np.array([beats_per_minute for _, beats_per_minute in song.tempo])
    order = np.argsort(paces)
    held = np.cumsum(np.diff(edges)[order])
    usual = float(paces[order][np.searchsorted(held, held[-1] / 2)])
    last = [beats_per_minute for step, beats_per_minute in song.tempo if step < stop][-1]
    return usual if last < RITARDANDO * usual else None


def _count_onset_times(song: Song, starts: NDArray[np.float64], stop: int) -> NDArray[np.int64]:
    """(bars,): the onset times in each bar."""
    step = song.steps_per_beat / ONSET_TIMES_PER_BEAT
    begun = song.notes.start[song.notes.start < stop]
    onset_times = np.unique(round_steps(begun / step)) * step
    bar = np.searchsorted(starts, onset_times + step / 2, side="right") - 1
    return np.bincount(bar.clip(0, len(starts) - 1), minlength=len(starts))


def _is_sparse(onset_times: int, before: NDArray[np.int64]) -> bool:
    """Whether a bar with so many onset times belongs to an ending after the bars `before` it."""
    played = before[before > 0]
    if onset_times == 0:
        return len(played) > 0
    return len(played) >= MIN_BARS and onset_times < MAX_SHARE_OF_USUAL * float(np.median(played))
