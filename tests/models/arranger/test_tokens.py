"""Songs as a stream of tokens: nothing is lost, nothing is said twice, and what lies too far back is written anew."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.models.arranger.tokens import (
    MEMORY_BARS,
    NEW,
    NOTE,
    REPEAT,
    REST,
    TokenStream,
    repeated_from,
    tokenize,
    writing_order,
)
from pianoroll_vae.music.band import LPD5, LPD17
from pianoroll_vae.music.bars import SILENT, Bars
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BAR
from tests.small_arranger import bar_notes, loops

ORDER = writing_order(LPD5)


def rebuilt(stream: TokenStream, song: int) -> Bars:
    """A song's cells from the stream's tokens alone, read from front to back."""
    first, last = stream.song_bar[song], stream.song_bar[song + 1]
    cells = np.full((last - first, stream.instruments), None, object)
    for token in range(int(stream.start_of(first)), int(stream.start_of(last))):
        bar, instrument = divmod(int(stream.cell[token]), stream.instruments)
        assert instrument == stream.instrument[token]
        if stream.kind[token] == NOTE:
            assert stream.time[token] == (bar - first) * SIXTEENTHS_PER_BAR + stream.note[token, 0]
            cells[bar - first, instrument].append(stream.note[token])
        else:
            assert stream.time[token] == (bar - first) * SIXTEENTHS_PER_BAR
            assert not stream.note[token].any()
            cells[bar - first, instrument] = []
            if stream.kind[token] == REPEAT:
                origin = int(stream.source[stream.cell[token]]) // stream.instruments - first
                cells[bar - first, instrument] = cells[origin, instrument]
    return Bars.of_cells([np.array(cell, np.uint8).reshape(-1, 4) for row in cells for cell in row], stream.instruments)


def alike(one: Bars, other: Bars) -> bool:
    """Whether two songs have the same bars; a bar that comes back has the velocities it had first."""
    places = np.ndindex(len(one), one.instruments)
    return len(one) == len(other) and all(
        one.cell(*where)[:, :3].tolist() == other.cell(*where)[:, :3].tolist() for where in places
    )


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10**6)), min_size=1, max_size=4))
def test_every_cell_can_be_rebuilt_from_the_stream(asked: list[tuple[int, int]]) -> None:
    songs = [loops(bars, seed, kinds=2) for bars, seed in asked]
    stream = tokenize(songs, ORDER)
    assert len(stream) == len(songs)
    for index, song in enumerate(songs):
        assert alike(rebuilt(stream, index), song)


def test_no_song_is_a_stream_too() -> None:
    stream = tokenize([], ORDER)
    assert (len(stream), len(stream.kind), stream.song_bar.tolist(), stream.head.tolist()) == (0, 0, [0], [0])
    assert len(tokenize([Bars.of_cells([], 5), loops(2)], ORDER).source) == 10


def test_the_lead_writes_first_and_then_the_band_in_its_order() -> None:
    stream = tokenize([loops(3)], ORDER)
    headings = stream.instrument[stream.kind != NOTE].reshape(3, 5)
    assert headings.tolist() == [list(ORDER)] * 3
    assert ORDER[0] == LPD5.lead_index
    order = writing_order(LPD17)
    assert order[0] == LPD17.lead_index
    assert sorted(order) == list(range(17))


def test_a_heading_says_what_happens_in_its_bar() -> None:
    chance = np.random.default_rng(0)
    a, b, nothing = bar_notes(chance, 3), bar_notes(chance, 3), np.zeros((0, 4), np.uint8)
    stream = tokenize([Bars.of_cells([a, nothing, a, b, a], 1)], (0,))
    assert stream.kind[stream.kind != NOTE].tolist() == [NEW, REST, REPEAT, NEW, REPEAT]
    assert stream.source.tolist() == [0, SILENT, 0, 3, 0]
    assert (stream.kind == NOTE).sum() == len(a) + len(b)
    assert stream.head.tolist() == [0, 1 + len(a), 2 + len(a), 3 + len(a), 4 + len(a) + len(b), len(stream.kind)]


@pytest.mark.parametrize(("away", "repeats"), [(1, True), (MEMORY_BARS, True), (MEMORY_BARS + 1, False)])
def test_what_lies_further_back_than_the_memory_is_written_anew(away: int, repeats: bool) -> None:
    chance = np.random.default_rng(0)
    a, nothing = bar_notes(chance, 3), np.zeros((0, 4), np.uint8)
    song = Bars.of_cells([a, *[nothing] * (away - 1), a], 1)
    assert repeated_from(song)[away] == (0 if repeats else away)


def test_a_bar_that_keeps_coming_back_may_be_older_than_the_memory() -> None:
    a = bar_notes(np.random.default_rng(0), 3)
    stream = tokenize([Bars.of_cells([a] * (2 * MEMORY_BARS), 1)], (0,))
    assert (stream.source == 0).all()
    assert (stream.kind == NEW).sum() == 1


def test_nothing_is_repeated_from_another_song() -> None:
    song = loops(6, seed=3, kinds=1)
    stream = tokenize([song, song], ORDER)
    second = slice(6 * 5, 12 * 5)
    playing = stream.source[second] != SILENT
    assert (stream.source[second][playing] >= 6 * 5).all()
    assert np.array_equal(stream.source[second][playing] - 30, stream.source[:30][playing])


def test_bars_and_songs_begin_where_the_stream_says() -> None:
    stream = tokenize([loops(4, 1), loops(2, 2)], ORDER)
    assert stream.song_bar.tolist() == [0, 4, 6]
    starts = stream.start_of(np.arange(7))
    assert starts[0] == 0
    assert starts[-1] == len(stream.kind)
    assert (stream.instrument[starts[:-1]] == ORDER[0]).all()
    assert stream.time[starts[:-1]].tolist() == [0, 16, 32, 48, 0, 16]
