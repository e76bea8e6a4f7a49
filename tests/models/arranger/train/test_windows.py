"""Windows of the token stream: every token has the next one as its target, and no song runs into the next."""

from dataclasses import replace

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
    WindowSpec,
    corrupt_notes,
    cut_windows,
    encoder_bars,
    transpose_notes,
)
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bar_lines import HALF_BAR, BarLines
from pianoroll_vae.music.bars import SILENT, VELOCITIES, Bars
from pianoroll_vae.music.chord_labels import transpose_labels
from tests.small_arranger import DRUMS, charted, loops

ORDER = writing_order(LPD5)
SONGS = [charted(loops(9, 1), 1), charted(loops(5, 2), 2), charted(loops(7, 3, silent=(1,)), 3)]
STREAM = tokenize(SONGS, ORDER)


def spec_of(stream: TokenStream, bars: list[int], tokens: int = 60, semitones: list[int] | None = None) -> WindowSpec:
    plain = WindowSpec.plain(stream, np.array(bars), tokens, DRUMS)
    return replace(plain, semitones=np.array(semitones or [0] * len(bars)))


def windows(stream: TokenStream, bars: list[int], tokens: int = 60, semitones: list[int] | None = None) -> Window:
    return cut_windows(stream, spec_of(stream, bars, tokens, semitones))


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
    loop = tokenize([charted(loops(12, 5, kinds=1))], ORDER)
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


def test_corruption_changes_pitches_and_velocities_of_the_decoders_input_alone() -> None:
    batch = windows(STREAM, [0, 9], 400)
    corrupted = corrupt_notes(batch, 0.5, np.random.default_rng(0), DRUMS)
    error = (corrupted.note - batch.note).numpy()
    notes = (batch.kind == NOTE).numpy()
    pitched = notes & ~DRUMS[batch.instrument.numpy()]
    assert not error[..., [0, 2]].any()
    assert not error[~notes].any() and not error[~pitched][:, 1].any()
    assert 0.3 < (error[pitched][:, 1] != 0).mean() < 0.7
    assert 0.3 < (error[notes][:, 3] != 0).mean() < 0.6
    assert np.abs(error[..., 1]).max() <= MAX_PITCH_ERROR and int(corrupted.note[..., 3].max()) < VELOCITIES
    for name in ("instrument", "kind", "time", "bar_index", "target", "is_end", "loss_mask", "is_new"):
        assert torch.equal(getattr(corrupted, name), getattr(batch, name))
    assert torch.equal(corrupted.bars.note, batch.bars.note)


def tokens_of(bars: list[int], tokens: int) -> list[range]:
    """The tokens of the stream in each window, without those after the end of the song."""
    starts, stops = starts_and_stops(STREAM, bars)
    return [range(start, min(start + tokens, stop)) for start, stop in zip(starts, stops, strict=True)]


@pytest.mark.parametrize("semitones", [0, -5])
def test_a_token_has_the_chords_of_its_half_bar_and_of_the_next_one_transposed(semitones: int) -> None:
    batch = windows(STREAM, [0, 10], 80, [semitones, 0])
    labels = STREAM.chords.ravel()
    for row, inside in enumerate(tokens_of([0, 10], 80)):
        for i, token in enumerate(inside):
            half = 2 * (int(STREAM.cell[token]) // 5) + int(STREAM.note[token, 0]) // HALF_BAR
            here, following = transpose_labels(labels[half : half + 2], 0 if row else semitones)
            assert (int(batch.chord[row, i]), int(batch.next_chord[row, i])) == (here, following)


def test_the_second_half_of_a_bar_in_six_eight_begins_with_its_fourth_eighth() -> None:
    song = charted(loops(6, 4), 4)
    cells = [song.bars.cell(*where) for where in np.ndindex(6, 5)]
    shorter = replace(song, bars=Bars.from_cells(cells, 5, BarLines.even(6, (6, 8))))
    stream = tokenize([shorter], ORDER)
    batch = windows(stream, [0], 60)
    place, bar = stream.note[:60, 0].astype(int), stream.cell[:60] // 5
    assert place.max() < 36
    assert batch.chord[0].tolist() == stream.chords.ravel()[2 * bar + (place >= 18)].tolist()


def test_a_target_has_the_chord_of_the_half_bar_in_which_it_begins() -> None:
    batch = windows(STREAM, [9, 0], 100)
    later = batch.target[..., 0] // HALF_BAR != batch.note[..., 0] // HALF_BAR
    has_target = batch.loss_mask & ~batch.is_end
    assert (later & has_target).any()
    assert torch.equal(batch.target_chord[has_target & ~later], batch.chord[has_target & ~later])
    assert torch.equal(batch.target_chord[has_target & later], batch.next_chord[has_target & later])


def test_windows_have_the_conditions_of_their_songs() -> None:
    batch = windows(STREAM, [10, 2])
    for row, song in enumerate((SONGS[1], SONGS[0])):
        assert batch.genres[row].tolist() == song.conditions.genres.tolist()
        assert int(batch.tempo[row]) == int(song.conditions.tempo)
        assert batch.traits[row].tolist() == song.conditions.traits.tolist()


def test_a_plain_window_knows_nothing_of_the_next_bar() -> None:
    assert (windows(STREAM, [0, 9, 14], 80).future == -1).all()


GIVEN = np.array([[False, True, False, False, True], [False] * 5])


def test_given_instruments_come_first_in_each_bar() -> None:
    plain = spec_of(STREAM, [0, 9], 90)
    batch, before = cut_windows(STREAM, replace(plain, given=GIVEN)), cut_windows(STREAM, plain)
    assert torch.equal(batch.note[1], before.note[1]), "nothing is given in the second window"
    assert torch.equal(batch.instrument[1], before.instrument[1])
    bars = batch.time[0] // 48
    assert (bars.diff() >= 0).all()
    for bar in range(int(bars[-1])):  # the last one is cut short
        order = batch.instrument[0][(bars == bar) & (batch.kind[0] != NOTE)].tolist()
        assert order == [1, 4, 0, 2, 3]
        for instrument in range(5):
            mine, theirs = (
                window.note[0][(window.time[0] // 48 == bar) & (window.instrument[0] == instrument)]
                for window in (batch, before)
            )
            assert torch.equal(mine, theirs)


def test_targets_and_ends_are_those_of_the_cell_where_instruments_are_given() -> None:
    batch = cut_windows(STREAM, replace(spec_of(STREAM, [0, 9], 90), given=GIVEN))
    bars = batch.time // 48
    for row in range(2):
        for i in range(89):
            if not batch.loss_mask[row, i] or bars[row, i] == bars[row].max():  # the last bar is cut short
                continue
            follows = batch.kind[row, i + 1] == NOTE
            assert bool(batch.is_end[row, i]) == (not follows)
            if follows:
                assert torch.equal(batch.target[row, i], batch.note[row, i + 1])
                assert batch.instrument[row, i] == batch.instrument[row, i + 1]


def next_bars(batch: Window, row: int, i: int, first: int, semitones: int) -> None:
    """Check that what a token knows of the next bar are the notes that the instruments play in it."""
    bar = first + int(batch.time[row, i] - batch.time[row, 0]) // 48
    for instrument, index in enumerate(batch.future[row, i].tolist()):
        source = int(STREAM.source[(bar + 1) * 5 + instrument])
        if index < 0:
            continue
        notes = STREAM.note[(STREAM.cell == source) & (STREAM.kind == NOTE)]
        expected = transpose_notes(notes, np.full(len(notes), 0 if DRUMS[instrument] else semitones))
        assert batch.bars.note[batch.bars.bar == index].tolist() == expected.tolist()
        assert int(batch.bars.instrument[index]) == instrument


def test_new_bars_know_the_next_bar_of_given_instruments() -> None:
    batch = cut_windows(STREAM, replace(spec_of(STREAM, [0, 9], 200, [3, 0]), given=GIVEN))
    known, is_new = batch.future >= 0, batch.kind == NEW
    assert known[0].any()
    assert not known[1].any()
    assert not known[~is_new].any()
    assert not known[..., [0, 2, 3]].any()
    ends = STREAM.song_starts[1]
    for i in range(200):
        bar = int(batch.time[0, i]) // 48
        if is_new[0, i] and bar + 1 < ends and batch.loss_mask[0, i]:
            playing = STREAM.source[(bar + 1) * 5 : (bar + 2) * 5] != SILENT
            assert known[0, i].tolist() == (GIVEN[0] & playing).tolist()
            next_bars(batch, 0, i, 0, 3)


def test_the_next_bar_is_known_at_a_seam_and_never_that_of_the_next_song() -> None:
    next_known = np.zeros((2, 300), np.bool_)
    next_known[0, [1, 8]] = next_known[1, 4] = True
    batch = cut_windows(STREAM, replace(spec_of(STREAM, [0, 9], 300), next_known=next_known))
    bars = (batch.time - batch.time[:, :1]) // 48
    known = (batch.future >= 0).any(-1) & batch.loss_mask
    assert set(bars[0][known[0]].tolist()) == {1}, "bar 8 is the last of its song"
    assert not known[1].any(), "bar 4 is the last of its song"
    for i in known[0].nonzero().flatten().tolist():
        next_bars(batch, 0, i, 0, 0)


def test_bars_that_are_only_known_are_encoded_and_have_no_latent() -> None:
    """A bar of the next window, of which this one has no note."""
    heading = STREAM.first_token(np.array([1, 2]))
    next_known = np.zeros((1, int(heading[1] - heading[0])), np.bool_)
    next_known[0, 0] = True
    batch = cut_windows(STREAM, replace(spec_of(STREAM, [1], next_known.shape[1]), next_known=next_known))
    known = batch.future[batch.future >= 0]
    new_in_next = [int(c) for c in STREAM.source[10:15] if c >= 10]
    assert new_in_next
    assert (~batch.is_new[known]).sum() >= len(new_in_next)
