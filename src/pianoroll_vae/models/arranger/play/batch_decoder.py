"""Writes the bars of several songs side by side, as their writers ask for them.

A song asks for one bar after another and cannot go on without the notes; so each has a page, and a song that is at its
end leaves its page to the next. What a song becomes does not depend on those beside it.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.decoding import (
    AHEAD,
    COMPLETE,
    EMPTY,
    MOST_NOTES,
    READ,
    WRITTEN,
    Manner,
    blank,
    continue_,
)
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.song_state import Networks
from pianoroll_vae.models.arranger.sampling import FULLNESS, LEAST
from pianoroll_vae.music.bars import BAR_STEPS, NOTE_COLUMNS, BarNotes

MOST_TOGETHER = 6
"""Notes that an instrument begins at once: a chord that has gone astray climbs on and on, since its notes only rise."""

MANNER = Manner(LEAST, FULLNESS, MOST_TOGETHER)

NO_NOTES: BarNotes = np.zeros((0, NOTE_COLUMNS), np.uint8)


@dataclass(frozen=True)
class How:
    """How a bar is to be written; see `pages.Pages`."""

    bold: float
    usual: float
    struck: bool
    draws: NDArray[np.float64]
    """(MOST_NOTES, 5)"""

    guide: BarNotes | None = None
    follow: float = 0.0


@dataclass(frozen=True)
class Line:
    """One bar of one instrument: its heading (width,), then notes that are given, or such as are written."""

    who: int
    bar: int
    heading: Array
    notes: BarNotes | None = None
    how: How | None = None


Song = Generator[Line, BarNotes, None]
"""Asks for lines, and is sent the notes of each."""


class Scribe:
    """Pages for so many songs at once."""

    def __init__(self, networks: Networks, songs: int) -> None:
        writing = networks.writing
        self.networks = networks
        self.pages = blank(songs, writing.depth, writing.heads, writing.width, writing.tokens)
        self._songs: list[Song | None] = [None] * songs
        self._rest: list[BarNotes] = [NO_NOTES] * songs
        """Given notes of a bar that have not been read yet: a page has room for MOST_NOTES."""

    def write(self, songs: Iterator[Song]) -> Iterator[None]:
        """Write all songs to their ends; each turn is a bar or two. Others may take from `songs` too."""
        for page in range(len(self._songs)):
            self._next_song(page, songs)
        while any(song is not None for song in self._songs):
            continue_(self.networks.writing.layers, self.networks.writer, MANNER, self.pages)
            for page in np.flatnonzero(self.pages.state == COMPLETE).tolist():
                self._take_away(page, songs)
            yield

    def _next_song(self, page: int, songs: Iterator[Song]) -> None:
        """Begin songs until one has something to write."""
        self.pages.seen.tokens[page], self.pages.state[page], self._songs[page] = 0, EMPTY, None
        for song in songs:
            for line in song:
                self._songs[page] = song
                self._put(page, line)
                return

    def _take_away(self, page: int, songs: Iterator[Song]) -> None:
        song, pages = self._songs[page], self.pages
        assert song is not None
        if len(self._rest[page]):
            self._give(page, self._rest[page])
            pages.state[page] = READ
            return
        try:
            line = song.send(pages.notes[page, : pages.so_far[page]].copy())
        except StopIteration:
            self._next_song(page, songs)
        else:
            self._put(page, line)

    def _put(self, page: int, line: Line) -> None:
        pages = self.pages
        pages.x[page], pages.who[page] = line.heading, line.who
        pages.at[page] = pages.time[page] = line.bar * BAR_STEPS
        pages.state[page], how = AHEAD, line.how
        self._give(page, NO_NOTES if line.notes is None else line.notes)
        if how is not None:
            guide = NO_NOTES if how.guide is None else how.guide[:MOST_NOTES]
            pages.given[page], pages.guided[page] = WRITTEN, len(guide)
            pages.guide[page, : len(guide)], pages.draws[page] = guide, how.draws
            pages.bold[page], pages.usual[page] = how.bold, how.usual
            pages.struck[page], pages.follow[page] = how.struck, how.follow

    def _give(self, page: int, notes: BarNotes) -> None:
        now, self._rest[page] = notes[:MOST_NOTES], notes[MOST_NOTES:]
        self.pages.notes[page, : len(now)], self.pages.so_far[page], self.pages.given[page] = now, 0, len(now)
