"""Songs as one stream of tokens: what the band writes, in the order in which it is written.

Bar by bar, and within a bar the lead first, every instrument writes a heading (it rests, it repeats one of its last
bars, or something new follows) and, where it is new, its notes. numpy alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bars import NOTE_COLUMNS, SILENT, Bars
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BAR

MEMORY_BARS = 32
"""How far back a bar may lie that is repeated."""

REST, REPEAT, NEW = range(3)
"""What a heading says."""


@dataclass(frozen=True, eq=False)
class TokenStream:
    """All songs of a corpus, one after the other. Tokens are headings or notes; cells (bar, instrument) have one
    heading each."""

    order: tuple[int, ...]
    """The instruments in the order of writing."""

    note: NDArray[np.uint8]
    """(tokens, NOTE_COLUMNS): zeros for headings."""

    instrument: NDArray[np.uint8]
    """(tokens,): the instrument."""

    kind: NDArray[np.uint8]
    """(tokens,): a heading's RESTS, REPEATS or NEW; NOTE for notes."""

    time: NDArray[np.int32]
    """(tokens,): sixteenths from the song's first bar."""

    cell: NDArray[np.int32]
    """(tokens,): the cell it belongs to, over all songs: bar · players + instrument."""

    head: NDArray[np.int64]
    """(cells + 1,): the token that is each cell's heading, and where the stream ends."""

    source: NDArray[np.int32]
    """(cells,): the cell whose notes it has: itself if new, an earlier one if it repeats, `SILENT` if it rests."""

    song_bar: NDArray[np.int64]
    """(songs + 1,): the bar with which each song begins."""

    def __len__(self) -> int:
        """Songs."""
        return len(self.song_bar) - 1

    @property
    def instruments(self) -> int:
        return len(self.order)

    def start_of(self, bar: NDArray[np.int64]) -> NDArray[np.int64]:
        """The token with which each bar begins; the stream's end for the bar after the last."""
        cell = np.asarray(bar) * self.instruments
        return self.head[np.where(cell < len(self.source), cell + self.order[0], cell)]


NOTE = 3


def writing_order(band: Band) -> tuple[int, ...]:
    """The instruments' places in the order in which they write: the lead, then everybody else."""
    return (band.lead_index, *(i for i in range(len(band)) if i != band.lead_index))


def tokenize(songs: Iterable[Bars], order: tuple[int, ...]) -> TokenStream:
    """The stream of songs whose instruments write in this order."""
    parts, cells, bars = [_stream_of_one(Bars.of_cells([], len(order)), order, 0)], 0, [0]
    for song in songs:
        parts.append(_stream_of_one(song, order, cells))
        cells += len(song.source)
        bars.append(bars[-1] + len(song))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    note, instrument, kind, time, cell, source = columns
    # Tokens lie in the order of writing, cells in that of the band: a heading is found where its cell is named first.
    head = np.zeros(cells + 1, np.int64)
    headings = np.flatnonzero(kind != NOTE)
    head[cell[headings]] = headings
    head[cells] = len(kind)
    return TokenStream(order, note, instrument, kind, time, cell, head, source, np.array(bars))


def repeated_from(song: Bars) -> NDArray[np.int32]:
    """(cells,): the cell whose notes each cell has, as in `TokenStream.source`: repeats reach MEMORY_BARS back at most."""
    instruments = song.instruments
    source = np.full(len(song.source), SILENT, np.int32)
    played = song.source.reshape(-1, instruments).tolist()
    latest: list[dict[int, tuple[int, int]]] = [{} for _ in range(instruments)]
    for bar, row in enumerate(played):
        for instrument, first in enumerate(row):
            if first == SILENT:
                continue
            last_bar, written = latest[instrument].get(first, (-MEMORY_BARS - 1, 0))
            if bar - last_bar > MEMORY_BARS:
                written = bar * instruments + instrument
            latest[instrument][first] = bar, written
            source[bar * instruments + instrument] = written
    return source


def _stream_of_one(song: Bars, order: tuple[int, ...], cells: int) -> tuple[NDArray[np.generic], ...]:
    instruments, bars = song.instruments, len(song)
    source = repeated_from(song)
    place = (np.arange(bars)[:, None] * instruments + np.array(order)).ravel()
    new = source[place] == place
    count = np.where(new, np.diff(song.first)[place], 0)
    size = 1 + count
    cell = np.repeat(place, size)
    into = np.arange(len(cell)) - np.repeat(np.cumsum(size) - size, size)
    is_note = into > 0
    note = np.zeros((len(cell), NOTE_COLUMNS), np.uint8)
    note[is_note] = song.notes[(song.first[cell] + into - 1)[is_note]]
    heading = np.where(source == SILENT, REST, np.where(source == np.arange(len(source)), NEW, REPEAT))
    kind = np.where(is_note, NOTE, heading[cell]).astype(np.uint8)
    time = (cell // instruments * SIXTEENTHS_PER_BAR + note[:, 0]).astype(np.int32)
    shifted = np.where(source == SILENT, SILENT, source + cells)
    return (
        note,
        (cell % instruments).astype(np.uint8),
        kind,
        time,
        (cell + cells).astype(np.int32),
        shifted.astype(np.int32),
    )
