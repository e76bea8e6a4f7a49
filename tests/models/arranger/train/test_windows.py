"""What networks learn from: every token wants the next one, in its own key, and no song runs into the next."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.tokens import NEW, NOTE, REPEAT, TokenStream, tokenize, writing_order
from pianoroll_vae.models.arranger.train.windows import MAX_PITCH_ERROR, Window, misread, shifted, window, written
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import SILENT
from tests.small_arranger import DRUMS, loops

ORDER = writing_order(LPD5)
STREAM = tokenize([loops(9, 1), loops(5, 2), loops(7, 3, silent=(1,))], ORDER)


def cut(stream: TokenStream, bars: list[int], tokens: int = 60, by: list[int] | None = None) -> Window:
    starts, stops = where(stream, bars)
    return window(stream, starts, stops, tokens, np.array(by or [0] * len(bars)), DRUMS)


def where(stream: TokenStream, bars: list[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The tokens at which stretches from these bars on begin, and at which their songs end."""
    song = np.searchsorted(stream.song_bar, bars, side="right") - 1
    return stream.start_of(np.array(bars)), stream.start_of(stream.song_bar[song + 1])


@given(st.lists(st.integers(0, 20), min_size=1, max_size=4), st.integers(5, 80))
def test_every_token_that_counts_wants_the_next_one(bars: list[int], tokens: int) -> None:
    part = cut(STREAM, bars, tokens)
    starts, stops = where(STREAM, bars)
    for row, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        for i in range(tokens):
            token = start + i
            if token >= stop:
                assert not part.counts[row, i]
                continue
            assert bool(part.counts[row, i]) == (STREAM.kind[token] in (NOTE, NEW))
            assert part.note[row, i].tolist() == STREAM.note[token].tolist()
            follows = token + 1 < len(STREAM.kind) and STREAM.kind[token + 1] == NOTE
            if part.counts[row, i]:
                assert bool(part.ends[row, i]) == (not follows)
            if part.counts[row, i] and follows:
                assert part.wanted[row, i].tolist() == STREAM.note[token + 1].tolist()
                assert STREAM.cell[token] == STREAM.cell[token + 1]


def test_nothing_beyond_a_songs_end_is_learned_or_heard() -> None:
    part = cut(STREAM, [8], tokens=400)
    inside = int(STREAM.start_of(np.array(9)) - STREAM.start_of(np.array(8)))
    assert not part.counts[0, inside:].any()
    assert (part.heard[0, inside:] == -1).all()
    assert part.counts[0, :inside].any()


def test_a_heading_stands_for_its_bars_notes() -> None:
    part = cut(STREAM, [0, 4], tokens=90)
    for row, start in enumerate(where(STREAM, [0, 4])[0]):
        for i in range(90):
            token = start + i
            place = int(part.heard[row, i])
            source = int(STREAM.source[STREAM.cell[token]])
            if STREAM.kind[token] == NOTE or source == SILENT or token >= where(STREAM, [0, 4])[1][row]:
                assert place == -1
                continue
            head = STREAM.head[source]
            end = head + 1
            while end < len(STREAM.kind) and STREAM.kind[end] == NOTE:
                end += 1
            assert part.bars.note[part.bars.bar == place].tolist() == STREAM.note[head + 1 : end].tolist()
            assert int(part.bars.instrument[place]) == STREAM.instrument[token]
            assert bool(part.fresh[place]) == (head >= start)


def test_a_bar_that_is_written_in_the_stretch_is_fresh_and_one_from_before_is_not() -> None:
    loop = tokenize([loops(12, 5, kinds=1)], ORDER)
    part = cut(loop, [6], tokens=40)
    repeats = part.heard[(part.kind == REPEAT) & (part.heard >= 0)]
    assert len(repeats)
    assert not part.fresh[repeats].any()
    new = part.heard[(part.kind == NEW) & (part.heard >= 0)]
    assert part.fresh[new].all()


@pytest.mark.parametrize("by", [-6, 5])
def test_pitched_notes_move_and_drums_stay(by: int) -> None:
    plain, moved = cut(STREAM, [0, 9], by=[0, 0]), cut(STREAM, [0, 9], by=[by, 0])
    is_note = plain.kind[0] == NOTE
    drums = torch.from_numpy(DRUMS)[plain.instrument[0]]
    assert torch.equal(moved.note[0][is_note & ~drums, 1], plain.note[0][is_note & ~drums, 1] + by)
    assert torch.equal(moved.note[0][is_note & drums], plain.note[0][is_note & drums])
    assert torch.equal(moved.note[..., [0, 2, 3]], plain.note[..., [0, 2, 3]])
    assert torch.equal(moved.note[1], plain.note[1])
    wanted = plain.counts[0] & ~plain.ends[0]
    assert torch.equal(moved.wanted[0][wanted & ~drums, 1], plain.wanted[0][wanted & ~drums, 1] + by)
    assert torch.equal(moved.wanted[0][wanted & drums], plain.wanted[0][wanted & drums])
    pitched = ~torch.from_numpy(DRUMS)[moved.bars.instrument[moved.bars.bar]]
    in_first = torch.isin(moved.bars.bar, moved.heard[0])
    assert torch.equal(moved.bars.note[in_first & pitched, 1], plain.bars.note[in_first & pitched, 1] + by), (
        "the encoder hears the key that the decoder writes in"
    )


def test_a_bar_in_two_stretches_is_heard_in_both_their_keys() -> None:
    part = cut(STREAM, [0, 0], by=[0, 3])
    first, second = part.heard[0], part.heard[1]
    assert not set(first[first >= 0].tolist()) & set(second[second >= 0].tolist())


def test_what_would_leave_the_range_stays_an_octave_inside_of_it() -> None:
    notes = np.array([[0, 127, 0, 0], [0, 2, 0, 0], [0, 60, 0, 0]], np.uint8)
    assert shifted(notes, np.array([3, -5, 4]))[:, 1].tolist() == [118, 9, 64]


@given(st.lists(st.integers(0, 21 * 5 - 1), min_size=1, max_size=9, unique=True))
def test_cells_are_written_with_all_their_notes(cells: list[int]) -> None:
    new = np.array([cell for cell in cells if STREAM.source[cell] == cell], np.int64)
    bars = written(STREAM, new, np.zeros(len(new), np.int64))
    assert bars.instrument.tolist() == (new % 5).tolist()
    for place, cell in enumerate(new):
        mine = STREAM.note[(STREAM.cell == cell) & (STREAM.kind == NOTE)]
        assert bars.note[bars.bar == place].tolist() == mine.tolist()


def test_of_what_is_read_a_share_of_the_pitched_notes_is_wrong_and_nothing_of_what_is_wanted_or_heard() -> None:
    part = cut(STREAM, [0, 9], 400)
    wrong = misread(part, 0.5, np.random.default_rng(0), DRUMS)
    off = (wrong.note - part.note).numpy()
    notes = ((part.kind == NOTE) & ~torch.from_numpy(DRUMS)[part.instrument]).numpy()
    assert not off[..., [0, 2, 3]].any()
    assert not off[~notes].any()
    assert 0.3 < (off[notes][:, 1] != 0).mean() < 0.7
    assert np.abs(off).max() <= MAX_PITCH_ERROR
    for name in ("instrument", "kind", "time", "heard", "wanted", "ends", "counts", "fresh"):
        assert torch.equal(getattr(wrong, name), getattr(part, name))
    assert torch.equal(wrong.bars.note, part.bars.note)
