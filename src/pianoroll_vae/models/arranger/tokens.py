"""Songs as one stream of tokens, in the order in which the decoder writes them. numpy alone.

Bar by bar, the lead first, every instrument has a heading (a rest, a repeat of one of its last bars, or new notes) and,
where its notes are new, the notes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, Blocks
from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bars import NOTE_COLUMNS, SILENT, Bars
from pianoroll_vae.music.chord_labels import Labels
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

MEMORY_BARS = 32
"""How many bars back the bar that is repeated may be, at most."""

REST, REPEAT, NEW, NOTE = range(4)
"""Kinds of tokens: the first three are headings."""

END = TWELFTHS_PER_BAR
"""The class of a bar's end among the logits of the next note's step."""


@dataclass(frozen=True, eq=False)
class ChartedSong:
    """A song as bars, with its chords, form and conditions."""

    bars: Bars
    chords: Labels
    """(bars, 2)"""

    blocks: Blocks
    """From the first bar on."""

    conditions: Conditions


@dataclass(frozen=True, eq=False)
class TokenStream:
    """The tokens of several songs, one song after the other. A cell (bar, instrument) has one heading."""

    order: tuple[int, ...]
    """Indices of the instruments in the order of writing."""

    note: NDArray[np.uint8]
    """(tokens, NOTE_COLUMNS): zeros for headings."""

    instrument: NDArray[np.uint8]
    """(tokens,)"""

    kind: NDArray[np.uint8]
    """(tokens,): REST, REPEAT, NEW or NOTE."""

    time: NDArray[np.int32]
    """(tokens,): places from the song's first bar on, 48 a bar."""

    cell: NDArray[np.int32]
    """(tokens,): bar · instruments + instrument, with bars numbered over all songs."""

    heading: NDArray[np.int64]
    """(cells + 1,): index of each cell's heading, and the number of tokens."""

    source: NDArray[np.int32]
    """(cells,): the cell whose notes are played: itself if new, an earlier one if repeated, `SILENT` for a rest."""

    song_starts: NDArray[np.int64]
    """(songs + 1,): the first bar of each song, and the number of bars."""

    chords: NDArray[np.int64]
    """(bars, 2): labels of `music.chord_labels`, one each half bar."""

    half: NDArray[np.int64]
    """(bars,): the place at which the second half of each bar begins."""

    form: NDArray[np.int64]
    """(bars,): of each bar's block, see `Blocks.form`."""

    active: NDArray[np.bool_]
    """(bars, instruments): of each bar's block, see `Blocks.active`."""

    conditions: Conditions
    """Of all songs."""

    @cached_property
    def present(self) -> NDArray[np.bool_]:
        """(songs, instruments): whether an instrument plays anywhere in a song."""
        songs = zip(self.song_starts[:-1].tolist(), self.song_starts[1:].tolist(), strict=True)
        rows = [self.active[first:last].any(0) for first, last in songs]
        return np.array(rows, np.bool_).reshape(-1, self.instruments)

    def __len__(self) -> int:
        """Songs."""
        return len(self.song_starts) - 1

    @property
    def instruments(self) -> int:
        return len(self.order)

    def first_token(self, bar: NDArray[np.int64]) -> NDArray[np.int64]:
        """Index of the first token of each bar; the number of tokens for the bar after the last."""
        cell = np.asarray(bar) * self.instruments
        return self.heading[np.where(cell < len(self.source), cell + self.order[0], cell)]


def writing_order(band: Band) -> tuple[int, ...]:
    """Indices of the instruments in the order of writing: the lead, then the others in the band's order."""
    return (band.lead_index, *(i for i in range(len(band)) if i != band.lead_index))


def tokenize(songs: Iterable[ChartedSong], order: tuple[int, ...]) -> TokenStream:
    """The token stream of songs whose instruments are written in this order."""
    parts, cells, bars = [_tokenize_song(Bars.from_cells([], len(order)), order, 0)], 0, [0]
    chords, conditions, half = [np.zeros((0, 2), np.int64)], [], [np.zeros(0, np.int64)]
    form, active = [np.zeros(0, np.int64)], [np.zeros((0, len(order)), np.bool_)]
    for song in songs:
        parts.append(_tokenize_song(song.bars, order, cells))
        cells += len(song.bars.source)
        bars.append(bars[-1] + len(song.bars))
        chords.append(song.chords)
        half.append(song.bars.lines.half)
        conditions.append(song.conditions)
        block = np.arange(len(song.bars)) // BLOCK_BARS
        form.append(song.blocks.form[block])
        active.append(song.blocks.active[block])
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    note, instrument, kind, time, cell, source = columns
    # Tokens are in the order of writing, cells in the order of the band.
    heading = np.zeros(cells + 1, np.int64)
    headings = np.flatnonzero(kind != NOTE)
    heading[cell[headings]] = headings
    heading[cells] = len(kind)
    return TokenStream(
        order,
        note,
        instrument,
        kind,
        time,
        cell,
        heading,
        source,
        np.array(bars),
        np.concatenate(chords),
        np.concatenate(half),
        np.concatenate(form),
        np.concatenate(active),
        Conditions.stack(conditions, len(order)),
    )


def repeat_sources(song: Bars) -> NDArray[np.int32]:
    """(cells,): `TokenStream.source` of one song. A bar last played more than MEMORY_BARS before is new again."""
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


def _tokenize_song(song: Bars, order: tuple[int, ...], cells: int) -> tuple[NDArray[np.generic], ...]:
    """The columns of a song that has `cells` cells before it."""
    instruments, bars = song.instruments, len(song)
    source = repeat_sources(song)
    written = (np.arange(bars)[:, None] * instruments + np.array(order)).ravel()
    notes = np.where(source[written] == written, np.diff(song.first)[written], 0)
    tokens = 1 + notes
    cell = np.repeat(written, tokens)
    place = np.arange(len(cell)) - np.repeat(np.cumsum(tokens) - tokens, tokens)
    is_note = place > 0
    note = np.zeros((len(cell), NOTE_COLUMNS), np.uint8)
    note[is_note] = song.notes[(song.first[cell] + place - 1)[is_note]]
    heading = np.where(source == SILENT, REST, np.where(source == np.arange(len(source)), NEW, REPEAT))
    kind = np.where(is_note, NOTE, heading[cell]).astype(np.uint8)
    time = (cell // instruments * TWELFTHS_PER_BAR + note[:, 0]).astype(np.int32)
    return (
        note,
        (cell % instruments).astype(np.uint8),
        kind,
        time,
        (cell + cells).astype(np.int32),
        np.where(source == SILENT, SILENT, source + cells).astype(np.int32),
    )
