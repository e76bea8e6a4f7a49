"""Windows of the token stream: every token has the next one as its target, and no song runs into the next."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.tokens import NEW, NOTE, REPEAT, TokenStream, tokenize, writing_order
from pianoroll_vae.models.arranger.train.windows import (
    MAX_PITCH_ERROR,
    Window,
    corrupt_pitches,
    cut_windows,
    encoder_bars,
    transpose_notes,
)
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import SILENT
from tests.small_arranger import DRUMS, loops

ORDER = writing_order(LPD5)
STREAM = tokenize([loops(9, 1), loops(5, 2), loops(7, 3, silent=(1,))], ORDER)


def windows(stream: TokenStream, bars: list[int], tokens: int = 60, semitones: list[int] | None = None) -> Window:
    starts, stops = starts_and_stops(stream, bars)
    return cut_windows(stream, starts, stops, tokens, np.array(semitones or [0] * len(bars)), DRUMS)


def starts_and_stops(stream: TokenStream, bars: list[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(windows,): the first tokens of these bars, and the ends of their songs."""
    song = np.searchsorted(stream.song_starts, bars, side="right") - 1
    return stream.first_token(np.array(bars)), stream.first_token(stream.song_starts[song + 1])


@given(st.lists(st.integers(0, 20), min_size=1, max_size=4), st.integers(5, 80))
def test_the_target_of_a_token_is_the_next_note_of_its_cell(bars: list[int], tokens: int) -> None:
    batch = windows(STREAM, bars, tokens)
    starts, stops = starts_and_stops(STREAM, bars)
    for row, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        for i in range(tokens):
            token = start + i
            if token >= stop:
                assert not batch.loss_mask[row, i]
                continue
            assert bool(batch.loss_mask[row, i]) == (STREAM.kind[token] in (NOTE, NEW))
            assert batch.note[row, i].tolist() == STREAM.note[token].tolist()
            follows = token + 1 < len(STREAM.kind) and STREAM.kind[token + 1] == NOTE
            if batch.loss_mask[row, i]:
                assert bool(batch.is_end[row, i]) == (not follows)
            if batch.loss_mask[row, i] and follows:
                assert batch.target[row, i].tolist() == STREAM.note[token + 1].tolist()
                assert STREAM.cell[token] == STREAM.cell[token + 1]


def test_tokens_after_the_end_of_the_song_have_no_loss_and_no_bar() -> None:
    batch = windows(STREAM, [8], tokens=400)
    inside = int(STREAM.first_token(np.array(9)) - STREAM.first_token(np.array(8)))
    assert not batch.loss_mask[0, inside:].any()
    assert (batch.bar_index[0, inside:] == -1).all()
    assert batch.loss_mask[0, :inside].any()


def test_a_headings_bar_has_the_notes_of_its_source() -> None:
    batch = windows(STREAM, [0, 4], tokens=90)
    for row, start in enumerate(starts_and_stops(STREAM, [0, 4])[0]):
        for i in range(90):
            token = start + i
            index = int(batch.bar_index[row, i])
            source = int(STREAM.source[STREAM.cell[token]])
            if STREAM.kind[token] == NOTE or source == SILENT or token >= starts_and_stops(STREAM, [0, 4])[1][row]:
                assert index == -1
                continue
            heading = STREAM.heading[source]
            end = heading + 1
            while end < len(STREAM.kind) and STREAM.kind[end] == NOTE:
                end += 1
            assert batch.bars.note[batch.bars.bar == index].tolist() == STREAM.note[heading + 1 : end].tolist()
            assert int(batch.bars.instrument[index]) == STREAM.instrument[token]
            assert bool(batch.is_new[index]) == (heading >= start)


def test_a_bar_is_new_if_its_notes_are_in_the_window() -> None:
    loop = tokenize([loops(12, 5, kinds=1)], ORDER)
    batch = windows(loop, [6], tokens=40)
    repeats = batch.bar_index[(batch.kind == REPEAT) & (batch.bar_index >= 0)]
    assert len(repeats)
    assert not batch.is_new[repeats].any()
    new = batch.bar_index[(batch.kind == NEW) & (batch.bar_index >= 0)]
    assert batch.is_new[new].all()


@pytest.mark.parametrize("semitones", [-6, 5])
def test_transposition_moves_pitched_notes_of_decoder_target_and_encoder_and_no_drums(semitones: int) -> None:
    plain, moved = windows(STREAM, [0, 9], semitones=[0, 0]), windows(STREAM, [0, 9], semitones=[semitones, 0])
    is_note = plain.kind[0] == NOTE
    drums = torch.from_numpy(DRUMS)[plain.instrument[0]]
    assert torch.equal(moved.note[0][is_note & ~drums, 1], plain.note[0][is_note & ~drums, 1] + semitones)
    assert torch.equal(moved.note[0][is_note & drums], plain.note[0][is_note & drums])
    assert torch.equal(moved.note[..., [0, 2, 3]], plain.note[..., [0, 2, 3]])
    assert torch.equal(moved.note[1], plain.note[1])
    has_target = plain.loss_mask[0] & ~plain.is_end[0]
    assert torch.equal(moved.target[0][has_target & ~drums, 1], plain.target[0][has_target & ~drums, 1] + semitones)
    assert torch.equal(moved.target[0][has_target & drums], plain.target[0][has_target & drums])
    pitched = ~torch.from_numpy(DRUMS)[moved.bars.instrument[moved.bars.bar]]
    in_first = torch.isin(moved.bars.bar, moved.bar_index[0])
    assert torch.equal(moved.bars.note[in_first & pitched, 1], plain.bars.note[in_first & pitched, 1] + semitones)


def test_a_bar_in_two_windows_is_encoded_in_both_keys() -> None:
    batch = windows(STREAM, [0, 0], semitones=[0, 3])
    first, second = batch.bar_index[0], batch.bar_index[1]
    assert not set(first[first >= 0].tolist()) & set(second[second >= 0].tolist())


def test_a_pitch_that_would_leave_the_range_moves_by_an_octave() -> None:
    notes = np.array([[0, 127, 0, 0], [0, 2, 0, 0], [0, 60, 0, 0]], np.uint8)
    assert transpose_notes(notes, np.array([3, -5, 4]))[:, 1].tolist() == [118, 9, 64]


@given(st.lists(st.integers(0, 21 * 5 - 1), min_size=1, max_size=9, unique=True))
def test_the_encoder_gets_all_notes_of_a_cell(cells: list[int]) -> None:
    new = np.array([cell for cell in cells if STREAM.source[cell] == cell], np.int64)
    bars = encoder_bars(STREAM, new, np.zeros(len(new), np.int64))
    assert bars.instrument.tolist() == (new % 5).tolist()
    for index, cell in enumerate(new):
        notes = STREAM.note[(STREAM.cell == cell) & (STREAM.kind == NOTE)]
        assert bars.note[bars.bar == index].tolist() == notes.tolist()


def test_corruption_moves_pitches_of_the_decoders_input_alone() -> None:
    batch = windows(STREAM, [0, 9], 400)
    corrupted = corrupt_pitches(batch, 0.5, np.random.default_rng(0), DRUMS)
    error = (corrupted.note - batch.note).numpy()
    notes = ((batch.kind == NOTE) & ~torch.from_numpy(DRUMS)[batch.instrument]).numpy()
    assert not error[..., [0, 2, 3]].any()
    assert not error[~notes].any()
    assert 0.3 < (error[notes][:, 1] != 0).mean() < 0.7
    assert np.abs(error).max() <= MAX_PITCH_ERROR
    for name in ("instrument", "kind", "time", "bar_index", "target", "is_end", "loss_mask", "is_new"):
        assert torch.equal(getattr(corrupted, name), getattr(batch, name))
    assert torch.equal(corrupted.bars.note, batch.bars.note)
