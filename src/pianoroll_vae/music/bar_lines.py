"""Where the bars of a song begin, in its own meters, and the places that their steps have inside of the models.

Models read and write bars of 48 twelfths of a beat. A shorter bar, as of 3/4, has the first of these 48 places and
leaves the others empty; time runs on over them, so that a note that is held over the bar line is held over the empty
places too.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.meter import FOUR_FOUR, Meter, beats_of, half_beats_of
from pianoroll_vae.music.resolution import BEATS_PER_BAR, TWELFTHS_PER_BAR, TWELFTHS_PER_BEAT
from pianoroll_vae.music.song import Song

HALF_BAR = TWELFTHS_PER_BAR // 2
THREE_BEATS = 3 * TWELFTHS_PER_BEAT


def bar_meter(over: int, under: int) -> Meter | None:
    """The meter whose bars a song in over/under is read in. Bars of at most two beats are put together to 4/4 or 6/8,
    bars of more than four beats are divided; None where that does not come out even, as with 5/4: see `bar_parts`."""
    length, rest = divmod(TWELFTHS_PER_BEAT * BEATS_PER_BAR * over, under)
    if rest:
        return None
    if HALF_BAR < length <= TWELFTHS_PER_BAR:
        return over, under
    if TWELFTHS_PER_BAR % length == 0 or length % TWELFTHS_PER_BAR == 0:
        return FOUR_FOUR
    if THREE_BEATS % length == 0 or length % THREE_BEATS == 0:
        return (6, 8) if under >= 8 else (3, 4)
    return None


def bar_parts(over: int, under: int) -> tuple[Meter, ...]:
    """The meters in which a song in over/under is read: that of `bar_meter`, or those of the two halves of each bar, as
    3/4 and 2/4 for 5/4; none where neither is possible, as with 9/8, which has three parts."""
    meter = bar_meter(over, under)
    if meter is not None:
        return (meter,)
    longer, shorter = (-(-over // 2), under), (over // 2, under)
    beats, is_compound = beats_of(longer), over % 3 == 0 and under >= 8
    possible = BEATS_PER_BAR / 2 < beats <= BEATS_PER_BAR and TWELFTHS_PER_BEAT * 4 % under == 0 and not is_compound
    return (longer, shorter) if possible else ()


def written_meter(over: int, under: int) -> Meter:
    """The meter of the charts of what is written in over/under."""
    return bar_meter(over, under) or ((over, under) if bar_parts(over, under) else FOUR_FOUR)


def last_bar_meter(song: Song) -> Meter:
    """The meter of the charts of what follows a song."""
    return written_meter(*song.meters[-1][1:])


@dataclass(frozen=True, eq=False)
class BarLines:
    """The bars of a song, in twelfths of a beat."""

    edges: NDArray[np.int64]
    """(bars + 1,): where each bar begins, and the end of the last one."""

    half: NDArray[np.int64]
    """(bars,): the length of each bar's first half."""

    def __len__(self) -> int:
        """Bars."""
        return len(self.half)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(bars,)"""
        return np.diff(self.edges)

    @property
    def half_edges(self) -> NDArray[np.int64]:
        """(2 · bars + 1,): where each half bar begins, and the end."""
        halves = np.stack([self.edges[:-1], self.edges[:-1] + self.half], 1).ravel()
        return np.append(halves, self.edges[-1])

    @staticmethod
    def even(bars: int, meter: Meter = FOUR_FOUR) -> "BarLines":
        """So many bars of one meter."""
        length, half = (round(beats * TWELFTHS_PER_BEAT) for beats in (beats_of(meter), half_beats_of(meter)))
        return BarLines(np.arange(bars + 1) * length, np.full(bars, half))

    @staticmethod
    def of_meter(bars: int, meter: Meter) -> "BarLines":
        """So many bars of the meters in which a meter is read."""
        parts = bar_parts(*meter) or (FOUR_FOUR,)
        lengths, halves = (
            np.resize([round(beats(part) * TWELFTHS_PER_BEAT) for part in parts], bars)
            for beats in (beats_of, half_beats_of)
        )
        return BarLines(np.append(0, lengths).cumsum(), halves)

    @staticmethod
    def of_song(song: Song) -> "BarLines":
        """The bars in which a song on any grid is read. A change of meter begins a bar; the last bar is whole."""
        scale = TWELFTHS_PER_BEAT / song.steps_per_beat
        changes = [change for change in song.meters if change[0] < song.steps]
        begins = [round(step * scale) for step, _, _ in changes]
        lines = BarLines.even(0)
        for index, (_, over, under) in enumerate(changes):
            end = begins[index + 1] if index + 1 < len(begins) else math.ceil(song.beats * TWELFTHS_PER_BEAT)
            lines = lines._until(end, written_meter(over, under), index + 1 < len(begins))
        return lines

    def followed_by(self, bars: int, meter: Meter) -> "BarLines":
        """With so many more bars of the meters in which a meter is read."""
        more = BarLines.of_meter(bars, meter)
        edges = np.concatenate([self.edges, self.edges[-1] + more.edges[1:]])
        return BarLines(edges, np.concatenate([self.half, more.half]))

    def between(self, start: int, stop: int) -> "BarLines":
        """The bars [start, stop)."""
        edges = self.edges[start : max(stop, start) + 1]
        return BarLines(edges - edges[0], self.half[start:stop])

    def places(self, step: NDArray[np.integer]) -> NDArray[np.int64]:
        """Steps of the song to places in bars of 48, counted from the first bar."""
        bar = np.searchsorted(self.edges, step, side="right") - 1
        return np.asarray(bar * TWELFTHS_PER_BAR + step - self.edges[bar], np.int64)

    def steps(self, place: NDArray[np.integer]) -> NDArray[np.int64]:
        """The inverse of `places`; places that a bar leaves empty are its end."""
        bar = np.minimum(np.asarray(place, np.int64) // TWELFTHS_PER_BAR, len(self))
        limits = np.append(self.lengths, np.iinfo(np.int64).max)
        return np.asarray(self.edges[bar] + np.minimum(place - bar * TWELFTHS_PER_BAR, limits[bar]))

    def _until(self, end: int, meter: Meter, cut: bool) -> "BarLines":
        """With bars of a meter until the step `end`, where the last one is cut short or else is whole."""
        length, parts = round(beats_of(meter) * TWELFTHS_PER_BEAT), max(len(bar_parts(*meter)), 1)
        lines = self.followed_by(max(-(-(end - int(self.edges[-1])) // length), 0) * parts, meter)
        if cut and len(lines) > len(self):
            needed = int(np.searchsorted(lines.edges, end))
            lines = BarLines(lines.edges[: needed + 1], lines.half[:needed])
            lines.edges[-1] = end
            lines.half[-1] = min(lines.half[-1], end - lines.edges[-2])
        return lines
