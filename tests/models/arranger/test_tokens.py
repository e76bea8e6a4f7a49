"""The token stream holds all of the songs, each bar's notes once within the memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, Blocks
from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.tokens import (
    MEMORY_BARS,
    NEW,
    NOTE,
    REPEAT,
    REST,
    ChartedSong,
    TokenStream,
    repeat_sources,
    tokenize,
    writing_order,
)
from pianoroll_vae.music.band import LPD5, LPD17
from pianoroll_vae.music.bars import SILENT, Bars
from pianoroll_vae.music.chord_labels import NO_CHORD
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR
from tests.small_arranger import bar_notes, charted, loops

ORDER = writing_order(LPD5)


def uncharted(bars: Bars) -> ChartedSong:
    """The bars as a song of any number of instruments, without chords and conditions."""
    count, instruments = len(bars), bars.instruments
    blocks = Blocks(0, np.zeros(count, np.int64), np.ones((count, instruments), np.bool_))
    return ChartedSong(bars, np.full((count, 2), NO_CHORD), blocks, Conditions.unknown(instruments))


def detokenize(stream: TokenStream, song: int) -> Bars:
    """A song's bars from its tokens alone."""
    first, last = stream.song_starts[song], stream.song_starts[song + 1]
    cells = np.full((last - first, stream.instruments), None, object)
    for token in range(int(stream.first_token(first)), int(stream.first_token(last))):
        bar, instrument = divmod(int(stream.cell[token]), stream.instruments)
        assert instrument == stream.instrument[token]
        if stream.kind[token] == NOTE:
            assert stream.time[token] == (bar - first) * TWELFTHS_PER_BAR + stream.note[token, 0]
            cells[bar - first, instrument].append(stream.note[token])
        else:
            assert stream.time[token] == (bar - first) * TWELFTHS_PER_BAR
            assert not stream.note[token].any()
            cells[bar - first, instrument] = []
            if stream.kind[token] == REPEAT:
                origin = int(stream.source[stream.cell[token]]) // stream.instruments - first
                cells[bar - first, instrument] = cells[origin, instrument]
    return Bars.from_cells(
        [np.array(cell, np.uint8).reshape(-1, 4) for row in cells for cell in row], stream.instruments
    )


def same_bars(one: Bars, other: Bars) -> bool:
    """Whether all but velocities agree: a repeated bar has those of its source."""
    cells = np.ndindex(len(one), one.instruments)
    return len(one) == len(other) and all(
        one.cell(*cell)[:, :3].tolist() == other.cell(*cell)[:, :3].tolist() for cell in cells
    )


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10**6)), min_size=1, max_size=4))
def test_songs_can_be_restored_from_their_tokens(sizes: list[tuple[int, int]]) -> None:
    songs = [loops(bars, seed, kinds=2) for bars, seed in sizes]
    stream = tokenize(map(charted, songs), ORDER)
    assert len(stream) == len(songs)
    for index, song in enumerate(songs):
        assert same_bars(detokenize(stream, index), song)


def test_a_stream_may_have_no_songs() -> None:
    stream = tokenize([], ORDER)
    assert (len(stream), len(stream.kind), stream.song_starts.tolist(), stream.heading.tolist()) == (0, 0, [0], [0])
    assert len(tokenize([uncharted(Bars.from_cells([], 5)), charted(loops(2))], ORDER).source) == 10


def test_the_lead_is_written_first_then_the_band_in_its_order() -> None:
    stream = tokenize([charted(loops(3))], ORDER)
    headings = stream.instrument[stream.kind != NOTE].reshape(3, 5)
    assert headings.tolist() == [list(ORDER)] * 3
    assert ORDER[0] == LPD5.lead_index
    order = writing_order(LPD17)
    assert order[0] == LPD17.lead_index
    assert sorted(order) == list(range(17))


def test_headings_are_rests_repeats_or_new() -> None:
    rng = np.random.default_rng(0)
    a, b, rest = bar_notes(rng, 3), bar_notes(rng, 3), np.zeros((0, 4), np.uint8)
    stream = tokenize([uncharted(Bars.from_cells([a, rest, a, b, a], 1))], (0,))
    assert stream.kind[stream.kind != NOTE].tolist() == [NEW, REST, REPEAT, NEW, REPEAT]
    assert stream.source.tolist() == [0, SILENT, 0, 3, 0]
    assert (stream.kind == NOTE).sum() == len(a) + len(b)
    assert stream.heading.tolist() == [0, 1 + len(a), 2 + len(a), 3 + len(a), 4 + len(a) + len(b), len(stream.kind)]


@pytest.mark.parametrize(("distance", "repeats"), [(1, True), (MEMORY_BARS, True), (MEMORY_BARS + 1, False)])
def test_a_bar_last_played_before_the_memory_is_new(distance: int, repeats: bool) -> None:
    rng = np.random.default_rng(0)
    a, rest = bar_notes(rng, 3), np.zeros((0, 4), np.uint8)
    song = Bars.from_cells([a, *[rest] * (distance - 1), a], 1)
    assert repeat_sources(song)[distance] == (0 if repeats else distance)


def test_a_bar_that_keeps_being_repeated_may_be_older_than_the_memory() -> None:
    a = bar_notes(np.random.default_rng(0), 3)
    stream = tokenize([uncharted(Bars.from_cells([a] * (2 * MEMORY_BARS), 1))], (0,))
    assert (stream.source == 0).all()
    assert (stream.kind == NEW).sum() == 1


def test_nothing_is_repeat_sources_another_song() -> None:
    song = charted(loops(6, seed=3, kinds=1))
    stream = tokenize([song, song], ORDER)
    second = slice(6 * 5, 12 * 5)
    playing = stream.source[second] != SILENT
    assert (stream.source[second][playing] >= 6 * 5).all()
    assert np.array_equal(stream.source[second][playing] - 30, stream.source[:30][playing])


def test_first_tokens_are_where_bars_and_songs_begin() -> None:
    stream = tokenize([charted(loops(4, 1)), charted(loops(2, 2))], ORDER)
    assert stream.song_starts.tolist() == [0, 4, 6]
    starts = stream.first_token(np.arange(7))
    assert starts[0] == 0
    assert starts[-1] == len(stream.kind)
    assert (stream.instrument[starts[:-1]] == ORDER[0]).all()
    assert stream.time[starts[:-1]].tolist() == [0, 48, 96, 144, 0, 48]


def test_each_bar_has_its_chords_and_its_block() -> None:
    songs = [charted(loops(9, 1), 1), charted(loops(5, 2), 2)]
    stream = tokenize(songs, ORDER)
    assert np.array_equal(stream.chords, np.concatenate([song.chords for song in songs]))
    for index, song in enumerate(songs):
        for bar in range(len(song.bars)):
            place = int(stream.song_starts[index]) + bar
            assert stream.form[place] == song.blocks.form[bar // BLOCK_BARS]
            assert np.array_equal(stream.active[place], song.blocks.active[bar // BLOCK_BARS])
        assert np.array_equal(stream.conditions[index].genres, song.conditions.genres)
        assert stream.conditions[index].tempo == song.conditions.tempo
        assert np.array_equal(stream.conditions[index].traits, song.conditions.traits)
