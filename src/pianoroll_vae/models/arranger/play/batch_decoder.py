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
    SamplingLimits,
    decode_until_done,
    empty_batch,
)
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.song_state import Networks
from pianoroll_vae.models.arranger.sampling import FULLNESS, MIN_P
from pianoroll_vae.music.bars import BAR_STEPS, NOTE_COLUMNS, BarNotes

MOST_TOGETHER = 6
"""Notes that an instrument begins at once: a chord that has gone astray climbs on and on, since its notes only rise."""

SAMPLING_LIMITS = SamplingLimits(MIN_P, FULLNESS, MOST_TOGETHER)

NO_NOTES: BarNotes = np.zeros((0, NOTE_COLUMNS), np.uint8)


@dataclass(frozen=True)
class SamplingParams:
    """How a bar is to be written; see `batch.DecodeBatch`."""

    bold: float
    usual: float
    struck: bool
    draws: NDArray[np.float64]
    """(MOST_NOTES, 5)"""

    guide: BarNotes | None = None
    follow: float = 0.0


@dataclass(frozen=True)
class BarRequest:
    """One bar of one instrument: its heading (width,), then notes that are given, or such as are written."""

    instrument: int
    bar: int
    heading: Array
    notes: BarNotes | None = None
    how: SamplingParams | None = None


Song = Generator[BarRequest, BarNotes, None]
"""Asks for lines, and is sent the notes of each."""


class BatchDecoder:
    """Pages for so many songs at once."""

    def __init__(self, networks: Networks, songs: int) -> None:
        writing = networks.writing
        self.networks = networks
        self.batch = empty_batch(songs, writing.depth, writing.heads, writing.width, writing.tokens)
        self._songs: list[Song | None] = [None] * songs
        self._rest: list[BarNotes] = [NO_NOTES] * songs
        """Given notes of a bar that have not been read yet: a page has room for MOST_NOTES."""

    def write(self, songs: Iterator[Song]) -> Iterator[None]:
        """Write all songs to their ends; each turn is a bar or two. Others may take from `songs` too."""
        for page in range(len(self._songs)):
            self._next_song(page, songs)
        while any(song is not None for song in self._songs):
            decode_until_done(self.networks.writing.layers, self.networks.writer, SAMPLING_LIMITS, self.batch)
            for page in np.flatnonzero(self.batch.state == COMPLETE).tolist():
                self._take_away(page, songs)
            yield

    def _next_song(self, page: int, songs: Iterator[Song]) -> None:
        """Begin songs until one has something to write."""
        self.batch.kv_cache.tokens[page], self.batch.state[page], self._songs[page] = 0, EMPTY, None
        for song in songs:
            for line in song:
                self._songs[page] = song
                self._put(page, line)
                return

    def _take_away(self, page: int, songs: Iterator[Song]) -> None:
        song, batch = self._songs[page], self.batch
        assert song is not None
        if len(self._rest[page]):
            self._give(page, self._rest[page])
            batch.state[page] = READ
            return
        try:
            line = song.send(batch.notes[page, : batch.so_far[page]].copy())
        except StopIteration:
            self._next_song(page, songs)
        else:
            self._put(page, line)

    def _put(self, page: int, line: BarRequest) -> None:
        batch = self.batch
        batch.x[page], batch.instrument[page] = line.heading, line.instrument
        batch.at[page] = batch.time[page] = line.bar * BAR_STEPS
        batch.state[page], how = AHEAD, line.how
        self._give(page, NO_NOTES if line.notes is None else line.notes)
        if how is not None:
            guide = NO_NOTES if how.guide is None else how.guide[:MOST_NOTES]
            batch.given[page], batch.guided[page] = WRITTEN, len(guide)
            batch.guide[page, : len(guide)], batch.draws[page] = guide, how.draws
            batch.bold[page], batch.usual[page] = how.bold, how.usual
            batch.struck[page], batch.follow[page] = how.struck, how.follow

    def _give(self, page: int, notes: BarNotes) -> None:
        now, self._rest[page] = notes[:MOST_NOTES], notes[MOST_NOTES:]
        self.batch.notes[page, : len(now)], self.batch.so_far[page], self.batch.given[page] = now, 0, len(now)
