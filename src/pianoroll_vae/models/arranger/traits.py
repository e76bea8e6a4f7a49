"""Traits of a part: what stays the same while an instrument plays a song, as classes. numpy alone.

How many notes a part has, its register and rhythm, how often it repeats itself: these differ much more between songs
than within one. A band without them writes songs that are all alike on average.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.bars import LENGTHS, SILENT, Bars
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR, TWELFTHS_PER_BEAT

REGISTER_SEMITONES = 3
"""Between the classes of register."""

MIN_TRAIT_BARS = 4
"""Bars in which an instrument has to play before its traits are known."""

RECENT_BARS = 32
"""A bar that was played within so many bars counts as repeated."""

MIN_BEGINNING = 16
"""Bars of a song's beginning that say in how many of its bars a part plays: the first 8 say no more about it than
another song does."""

ADDED_REPEATS = 4
"""Repeated bars that are added to a song's beginning when its repeats are counted, as it has little to repeat yet: in
the first 8, 16 and 32 bars of 239 songs .25, .32 and .38 of the bars were repeated, in the whole songs .48."""


@dataclass(frozen=True, eq=False)
class _Part:
    """The notes of one instrument."""

    pitch: NDArray[np.int64]
    """(notes,)"""

    step: NDArray[np.int64]
    """(notes,): in the bar."""

    length: NDArray[np.int64]
    """(notes,): in twelfths of a beat."""

    bar: NDArray[np.int64]
    """(notes,)"""

    song_bars: int
    bars_back: NDArray[np.int64]
    """(bars,) in which it plays: how many bars before the same was played last; 0: never."""

    @property
    def bars(self) -> int:
        return len(self.bars_back)

    @property
    def onsets(self) -> NDArray[np.int64]:
        """(onsets,): the steps at which notes begin, counted from the song's first bar."""
        return np.unique(self.bar * TWELFTHS_PER_BAR + self.step)

    def onsets_at(self, *twelfths: int) -> float:
        """The share of the onsets at these twelfths of a beat."""
        return float(np.isin(self.onsets % TWELFTHS_PER_BEAT, twelfths).mean())

    @property
    def pitch_classes(self) -> int:
        """Those of each bar, summed over the bars."""
        return len(np.unique(self.bar * 12 + self.pitch % 12))


@dataclass(frozen=True)
class Trait:
    """A measure of a part, and the values between its classes. Class 0 is unknown."""

    name: str
    measure: Callable[[_Part], float]
    edges: tuple[float, ...]
    minimum: float = 0.0
    maximum: float | None = None
    """The values that the measure can have; None: no bound."""

    @property
    def classes(self) -> int:
        return len(self.edges) + 2

    def class_of(self, value: float) -> int:
        """The class of a value that the measure has; never `UNKNOWN_CLASS`."""
        return 1 + int(np.searchsorted(self.edges, value, side="right"))

    @property
    def values(self) -> NDArray[np.float64]:
        """(classes,): the middle of each class; of the outer ones, half as far from their edge as the next edge is.
        NaN for unknown."""
        edges = np.array(self.edges)
        low, high = max(edges[0] - (edges[1] - edges[0]) / 2, self.minimum), edges[-1] + (edges[-1] - edges[-2]) / 2
        if self.maximum is not None:
            high = min(high, (edges[-1] + self.maximum) / 2)
        return np.array([np.nan, low, *(edges[:-1] + edges[1:]) / 2, high])

    def quantile(self, shares: NDArray[np.float64], quantile: float) -> float:
        """Of parts of which `shares` (classes - 1,) are of each known class, where those of a class are spread evenly
        between its edges."""
        edges = np.array(self.edges)
        first, last = max(2 * edges[0] - edges[1], self.minimum), 2 * edges[-1] - edges[-2]
        return float(np.interp(quantile, np.cumsum([0, *shares]), [first, *edges, last]))


TRAITS = (
    Trait("notes in a bar in which it plays", lambda p: len(p.pitch) / p.bars, (2.5, 5, 8, 12, 18, 26)),
    Trait("mean pitch", lambda p: float(p.pitch.mean()), tuple(range(30, 85, REGISTER_SEMITONES))),
    Trait("notes begun together", lambda p: len(p.pitch) / len(p.onsets), (1.02, 1.2, 1.5, 1.9, 2.4, 3), minimum=1),
    Trait("onsets on beats", lambda p: p.onsets_at(0), (0.25, 0.4, 0.5, 0.6, 0.75, 0.9), maximum=1),
    Trait("onsets on odd sixteenths", lambda p: p.onsets_at(3, 9), (0.02, 0.08, 0.2, 0.35), maximum=1),
    Trait("onsets on triplets", lambda p: p.onsets_at(4, 8), (0.02, 0.1, 0.3), maximum=1),
    Trait("mean length in twelfths", lambda p: float(p.length.mean()), (3.5, 5, 7, 10, 15, 25, 40)),
    Trait("pitch classes in a bar", lambda p: p.pitch_classes / p.bars, (1.3, 1.8, 2.3, 3, 3.7, 4.5), minimum=1),
    Trait(
        "bars repeated",
        lambda p: _share((p.bars_back > 0) & (p.bars_back <= RECENT_BARS)),
        (0.15, 0.35, 0.5, 0.65, 0.8, 0.92),
        maximum=1,
    ),
    Trait("bars as the one before", lambda p: _share(p.bars_back == 1), (0.03, 0.12, 0.25, 0.4, 0.6), maximum=1),
    Trait("bars in which it plays", lambda p: p.bars / p.song_bars, (0.3, 0.6, 0.85, 0.97), maximum=1),
)
(
    DENSITY,
    REGISTER,
    NOTES_PER_ONSET,
    ON_BEATS,
    ODD_SIXTEENTHS,
    TRIPLETS,
    LENGTH,
    PITCH_CLASSES,
    REPEATED,
    AS_BEFORE,
    PLAYING,
) = range(len(TRAITS))
"""Places among `TRAITS`."""

CLASSES = tuple(trait.classes for trait in TRAITS)
TRAIT_CLASSES = sum(CLASSES)
FIRST_CLASS: NDArray[np.int64] = np.cumsum((0, *CLASSES[:-1]))
"""(traits,): where each trait's classes begin among those of all traits."""

UNKNOWN_CLASS = 0
"""Of a trait or a tempo."""


def read_traits(song: Bars) -> NDArray[np.int64]:
    """(instruments, traits): classes; UNKNOWN_CLASS for instruments that play in fewer than `MIN_TRAIT_BARS` bars."""
    traits = np.full((song.instruments, len(TRAITS)), UNKNOWN_CLASS)
    for instrument, part in _parts(song):
        traits[instrument] = [trait.class_of(trait.measure(part)) for trait in TRAITS]
    return traits


def traits_of_beginning(played: Bars) -> NDArray[np.int64]:
    """`read_traits` of a song that begins with these bars, as far as they say what the whole song will have."""
    traits, trait, bars = read_traits(played), TRAITS[REPEATED], len(played)
    for instrument, part in _parts(played):
        new = (1 - trait.measure(part)) * bars / (bars + ADDED_REPEATS)
        traits[instrument, REPEATED] = trait.class_of(1 - new)
    if bars < MIN_BEGINNING:
        traits[:, PLAYING] = UNKNOWN_CLASS
    return traits


def transposed_traits(
    traits: NDArray[np.int64], semitones: NDArray[np.int64], drums: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Traits (songs, instruments, traits) of songs whose pitched parts are moved by semitones (songs,)."""
    moved, register = traits.copy(), traits[..., REGISTER]
    classes = np.rint(semitones / REGISTER_SEMITONES).astype(np.int64)[:, None] * ~drums
    moved[..., REGISTER] = np.where(
        register == UNKNOWN_CLASS, register, np.clip(register + classes, 1, CLASSES[REGISTER] - 1)
    )
    return moved


def _parts(song: Bars) -> Iterator[tuple[int, _Part]]:
    """The instruments that play in `MIN_TRAIT_BARS` bars or more, with their notes."""
    cell = np.repeat(np.arange(len(song.source)), np.diff(song.first))
    step, pitch, length, _ = song.notes.T.astype(np.int64)
    for instrument in range(song.instruments):
        played = song.source[instrument :: song.instruments].astype(np.int64)
        playing = np.flatnonzero(played != SILENT)
        if len(playing) < MIN_TRAIT_BARS:
            continue
        own = cell % song.instruments == instrument
        bar, back = cell[own] // song.instruments, _bars_back(played)[playing]
        yield instrument, _Part(pitch[own], step[own], LENGTHS[length[own]], bar, len(played), back)


def _share(bars: NDArray[np.bool_]) -> float:
    return float(bars.mean())


def _bars_back(played: NDArray[np.int64]) -> NDArray[np.int64]:
    """(bars,): how many bars before each bar the same was played last; 0 where it was not. played: (bars,), SILENT for
    rests."""
    order = np.argsort(played, kind="stable")
    same = (played[order][1:] == played[order][:-1]) & (played[order][1:] != SILENT)
    back = np.zeros(len(played), np.int64)
    back[order[1:][same]] = (order[1:] - order[:-1])[same]
    return back
