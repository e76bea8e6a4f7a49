"""Finds phrases, four bars of one instrument, that are nearly equal to phrases of other songs in any key.

A phrase is the set of its onset cells (step, pitch) of sixteenths. Two phrases are nearly equal when the Jaccard
similarity of their cells exceeds 0.9 after both are moved so that their lowest notes, or else their highest, meet;
drums are not moved. An inverted index makes the search exhaustive: no phrase is compared by sampling.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.measures.excerpt import in_sixteenths
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.phrases import PHRASE_BARS
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BAR
from pianoroll_vae.music.song import Song

NEARLY_EQUAL = 0.9
_CELLS = PHRASE_BARS * SIXTEENTHS_PER_BAR * PITCHES
_CODES = np.random.default_rng(0).integers(0, 2**64, _CELLS, dtype=np.uint64)  # the sum of a set's codes is its hash
_MIN_CELLS_TO_DIFFER = 10
"""Smaller sets must be equal: 9 of 10 is not more than 0.9."""


@dataclass(frozen=True, eq=False)
class PhraseCells:
    """Sets of cells, one after the other: phrase i has `cells[offsets[i] : offsets[i + 1]]`, none is empty."""

    cells: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)

    def hashes(self) -> NDArray[np.uint64]:
        """(phrases,): equal for equal phrases, different (but once in 10^19) for others."""
        return np.add.reduceat(_CODES[self.cells], self.offsets[:-1]) if len(self) else np.zeros(0, np.uint64)

    def chosen(self, which: NDArray[np.int64]) -> "PhraseCells":
        """The phrases with these indices."""
        sizes = self.sizes[which]
        offsets = np.concatenate([[0], np.cumsum(sizes)])
        inside = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
        return PhraseCells(self.cells[np.repeat(self.offsets[:-1][which], sizes) + inside], offsets)


def phrases_of(songs: Iterable[Song], instrument: int, every_bars: int, from_top: bool = False) -> PhraseCells:
    """The phrases of an instrument that begin at every so many bars and have any note, in order.

    Pitches are counted from the phrase's lowest note up, or with `from_top` from its highest down; drums as
    they are.
    """
    parts = [_song_phrases(song, instrument, every_bars, from_top) for song in songs]
    sizes = np.concatenate([np.zeros(0, np.int64), *(part.sizes for part in parts)])
    cells = np.concatenate([np.zeros(0, np.int32), *(part.cells for part in parts)])
    return PhraseCells(cells, np.concatenate([[0], np.cumsum(sizes)]))


class PhraseIndex:
    """Every phrase of one instrument in a collection of songs, whichever bar it begins at."""

    def __init__(self, songs: Iterable[Song], instrument: int) -> None:
        songs = list(songs)
        self._instrument = instrument
        # drums are not moved, so both alignments are the same
        alignments = (False,) if songs and songs[0].band.instruments[instrument].is_drum else (False, True)
        self._indexes = {top: _CellIndex(phrases_of(songs, instrument, 1, top)) for top in alignments}

    def find_copied(self, songs: Sequence[Song]) -> NDArray[np.bool_]:
        """(phrases,): which phrases of these songs, one at every fourth bar, nearly equal one of the index."""
        copied = np.zeros(0, np.bool_)
        for top, index in self._indexes.items():
            sought = phrases_of(songs, self._instrument, PHRASE_BARS, top)
            copied = copied if len(copied) else np.zeros(len(sought), np.bool_)
            new = np.flatnonzero(~copied)
            copied[new] = index.contains_similar(sought.chosen(new))
        return copied

    def copied_share(self, songs: Sequence[Song]) -> float | None:
        """The share of copied phrases, None where the songs have no phrase."""
        copied = self.find_copied(songs)
        return float(copied.mean()) if len(copied) else None


class _CellIndex:
    """Phrases of one alignment by their cells, to look up nearly equal ones."""

    def __init__(self, phrases: PhraseCells) -> None:
        self._hashes, first = np.unique(phrases.hashes(), return_index=True)
        self._phrases = phrases.chosen(first)
        # The phrases that hold a cell are sorted by size: only sets of nearly the same size are nearly equal.
        holders = np.repeat(np.arange(len(self._phrases)), self._phrases.sizes)
        sizes = self._phrases.sizes[holders]
        order = np.lexsort((sizes, self._phrases.cells))
        self._holders, self._holder_sizes = holders[order], sizes[order]
        self._frequency = np.bincount(self._phrases.cells, minlength=_CELLS)
        self._holders_begin = np.concatenate([[0], np.cumsum(self._frequency)])

    def contains_similar(self, phrases: PhraseCells) -> NDArray[np.bool_]:
        """(phrases,): which of them nearly equal an indexed phrase."""
        unique, first, back = np.unique(phrases.hashes(), return_index=True, return_inverse=True)
        copied = np.isin(unique, self._hashes)
        sought = phrases.chosen(first)
        for place in np.flatnonzero(~copied & (sought.sizes >= _MIN_CELLS_TO_DIFFER)):
            copied[place] = self._contains_similar(sought.cells[sought.offsets[place] : sought.offsets[place + 1]])
        return copied[back]

    def _contains_similar(self, cells: NDArray[np.int32]) -> bool:
        size = len(cells)
        # a set that shares more than 0.9 of these cells lacks less than a tenth: it has one of the rarest tenth and one
        needed = int(np.ceil(NEARLY_EQUAL * size))
        rarest = cells[np.argsort(self._frequency[cells], kind="stable")[: size - needed + 1]]
        begin, end = self._holders_begin[rarest], self._holders_begin[rarest + 1]
        fit = [
            self._holders[b:e][self._of_size(b, e, needed, size / NEARLY_EQUAL)]
            for b, e in zip(begin, end, strict=True)
        ]
        holders = np.unique(np.concatenate(fit))
        if not len(holders):
            return False
        candidates = self._phrases.chosen(holders)
        wanted = np.zeros(_CELLS, np.int64)
        wanted[cells] = 1
        common = np.add.reduceat(wanted[candidates.cells], candidates.offsets[:-1])
        return bool((common > NEARLY_EQUAL * (size + candidates.sizes - common)).any())

    def _of_size(self, begin: int, end: int, least: float, most: float) -> slice:
        """Which of the holders from `begin` to `end` have so many cells."""
        sizes = self._holder_sizes[begin:end]
        return slice(int(np.searchsorted(sizes, least)), int(np.searchsorted(sizes, most, side="right")))


def _song_phrases(song: Song, instrument: int, every_bars: int, from_top: bool) -> PhraseCells:
    song = in_sixteenths(song)
    mine = song.notes[song.notes.instrument == instrument]
    bar, pitch = mine.start.astype(np.int64) // SIXTEENTHS_PER_BAR, mine.pitch.astype(np.int64)
    last = song.steps // SIXTEENTHS_PER_BAR - PHRASE_BARS
    begins = (bar[:, None] - np.arange(PHRASE_BARS)).ravel()  # the phrases each note is in, by their first bar
    note = np.repeat(np.arange(len(mine)), PHRASE_BARS)
    inside = (begins >= 0) & (begins <= last) & (begins % every_bars == 0)
    begins, note = begins[inside], note[inside]
    order = np.argsort(begins, kind="stable")
    begins, note = begins[order], note[order]
    starts = np.flatnonzero(np.diff(begins, prepend=-1))
    sizes = np.diff(starts, append=len(begins))
    height = pitch[note]
    if len(starts) and not song.band.instruments[instrument].is_drum:
        if from_top:
            height = np.repeat(np.maximum.reduceat(height, starts), sizes) - height
        else:
            height = height - np.repeat(np.minimum.reduceat(height, starts), sizes)
    step = mine.start.astype(np.int64)[note] - begins * SIXTEENTHS_PER_BAR
    return PhraseCells((step * PITCHES + height).astype(np.int32), np.concatenate([[0], np.cumsum(sizes)]))
