"""The chart writer's windows hold blocks of one song each, and each prediction is from what was written before."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pianoroll_vae.models.arranger.blocks import BLOCK_BARS, BLOCK_HALVES, FORMS, MAX_RETURN
from pianoroll_vae.models.arranger.parameters import CHORD_LABELS
from pianoroll_vae.models.arranger.tokens import tokenize, writing_order
from pianoroll_vae.models.arranger.train.chart_writer import NO_COPY, ChartWindow, ChartWriter, cut_chart_windows
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chord_labels import transpose_labels
from tests.small_arranger import charted, loops, small_prior

CPU = torch.device("cpu")
SONGS = [charted(loops(83, 1), 1), charted(loops(10, 2), 2)]
STREAM = tokenize(SONGS, writing_order(LPD5))


def windows(starts: list[int], blocks: int, semitones: list[int] | None = None) -> ChartWindow:
    song = np.searchsorted(STREAM.song_starts, starts, side="right") - 1
    moved = np.array(semitones or [0] * len(starts))
    return cut_chart_windows(STREAM, np.array(starts), blocks, moved, STREAM.conditions[song], CPU)


def chart_writer() -> ChartWriter:
    chart = small_prior("melody").chart
    assert chart is not None
    return chart


@pytest.mark.parametrize(("start", "first"), [(0, 0), (40, 6)])
def test_a_window_has_the_blocks_around_a_bar(start: int, first: int) -> None:
    song, batch = SONGS[0], windows([start], 8, [4])
    for number in range(8):
        block = first + number
        chords = transpose_labels(song.chords[block * BLOCK_BARS : (block + 1) * BLOCK_BARS], 4)
        assert batch.chords[0, number].tolist() == chords.ravel().tolist()
        form = int(song.blocks.form[block])
        assert int(batch.form[0, number]) == form
        assert batch.active[0, number].tolist() == song.blocks.active[block].tolist()
        returned = song.blocks.active[block - form] if form else np.zeros(5, np.bool_)
        assert batch.returned[0, number].tolist() == returned.tolist()
        assert batch.has_loss[0, number]
        if not batch.form_has_loss[0, number]:
            assert first > 0
            assert form > number or number == 0
    assert batch.genres[0].tolist() == song.conditions.genres.tolist()
    assert int(batch.tempo[0]) == int(song.conditions.tempo)


def test_chords_may_be_copied_from_four_places_of_the_same_song() -> None:
    batch, song = windows([0, 83], 20, [-3, 0]), SONGS
    for row, blocks in ((0, 20), (1, 2)):
        labels = transpose_labels(song[row].chords, 0 if row else -3).ravel()
        for block in range(blocks):
            form = int(batch.form[row, block])
            for half in range(BLOCK_HALVES):
                place = block * BLOCK_HALVES + half
                backs = (1, 8, 16, form * BLOCK_HALVES)
                expected = [labels[place - back] if 0 < back <= place else NO_COPY for back in backs]
                assert batch.copies[row, block, half].tolist() == expected


def test_blocks_after_the_song_and_one_that_is_cut_short_have_no_loss() -> None:
    batch = windows([83], 8)
    assert batch.has_loss[0].tolist() == [True, True, *[False] * 6]
    assert not batch.form_has_loss[0, 2:].any()
    assert not batch.active[0, 2:].any()
    assert (batch.copies[0, 2:] == NO_COPY).all()
    nothing = chart_writer().nll(replace(batch, has_loss=batch.has_loss & False, form_has_loss=batch.has_loss & False))
    assert nothing.tolist() == [0, 0, 0]


def test_a_form_returns_to_no_block_before_the_first() -> None:
    form, _, _ = chart_writer()(windows([0], 20))
    for block in range(20):
        assert torch.isfinite(form[0, block]).tolist() == [distance <= block for distance in range(FORMS)]
    assert MAX_RETURN == FORMS - 1


def test_predictions_depend_on_what_is_written_before_alone() -> None:
    writer, batch = chart_writer(), windows([0], 6)
    before = writer(batch)
    block, half = 3, 5
    chords = batch.chords.clone()
    chords[0, block, half:] = (chords[0, block, half:] + 1) % CHORD_LABELS
    form, active, labels = writer(replace(batch, chords=chords))
    torch.testing.assert_close(form[:, : block + 1], before[0][:, : block + 1])
    torch.testing.assert_close(active[:, : block + 1], before[1][:, : block + 1])
    mine, theirs = (part.flatten(1, 2)[:, : 8 * block + half + 1] for part in (labels, before[2]))
    torch.testing.assert_close(mine, theirs)
    assert not torch.allclose(labels[0, block, half + 1], before[2][0, block, half + 1])
    assert not torch.allclose(active[0, block + 1], before[1][0, block + 1])


def test_the_form_of_a_block_is_known_to_its_instruments_and_chords_and_not_to_itself() -> None:
    writer, batch = chart_writer(), windows([0], 6)
    before, form = writer(batch), batch.form.clone()
    form[0, 4] = (form[0, 4] + 1) % 3
    after = writer(replace(batch, form=form))
    torch.testing.assert_close(after[0][:, :4], before[0][:, :4])
    torch.testing.assert_close(after[0][0, 4], before[0][0, 4])
    assert not torch.allclose(after[1][0, 4], before[1][0, 4])
    assert not torch.allclose(after[2][0, 4], before[2][0, 4])


@pytest.mark.parametrize("instrument", range(5))
def test_an_instrument_knows_those_before_it_in_the_block(instrument: int) -> None:
    writer, batch = chart_writer(), windows([0], 6)
    before, active = writer(batch)[1], batch.active.clone()
    active[0, 4, instrument] = ~active[0, 4, instrument]
    after = writer(replace(batch, active=active))[1]
    torch.testing.assert_close(after[0, :4], before[0, :4])
    torch.testing.assert_close(after[0, 4, : instrument + 1], before[0, 4, : instrument + 1])
    for later in range(instrument + 1, 5):
        assert not torch.isclose(after[0, 4, later], before[0, 4, later])


def test_chords_that_may_be_copied_have_a_bonus_each() -> None:
    writer, x = chart_writer(), torch.randn(1, 32, generator=torch.Generator().manual_seed(0))
    none = torch.full((1, 4), NO_COPY)
    plain, bonus = writer.chord_logits(x, none)[0], writer.copy(x)[0]
    torch.testing.assert_close(plain, writer.next_chord(x)[0])
    found = writer.chord_logits(x, torch.tensor([[7, 7, NO_COPY, 0]]))[0] - plain
    expected = torch.zeros(CHORD_LABELS)
    expected[7], expected[0] = bonus[0] + bonus[1], bonus[3]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_the_nll_is_that_of_the_parts_of_the_blocks_in_the_song() -> None:
    writer, batch = chart_writer(), windows([0, 83, 60], 8)
    form, active, chords = writer(batch)
    expected = torch.zeros(3)
    for row in range(3):
        for block in range(8):
            if batch.form_has_loss[row, block]:
                expected[0] -= form[row, block].log_softmax(0)[batch.form[row, block]]
            if batch.has_loss[row, block]:
                sign = torch.where(batch.active[row, block], 1.0, -1.0)
                expected[1] -= F.logsigmoid(sign * active[row, block]).sum()
                expected[2] -= chords[row, block].log_softmax(1)[torch.arange(8), batch.chords[row, block]].sum()
    torch.testing.assert_close(writer.nll(batch), expected)


def test_shards_hold_all_windows() -> None:
    batch, writer = windows([0, 20, 40, 83], 8), chart_writer()
    torch.testing.assert_close(writer.nll(batch.shard(0, 2)) + writer.nll(batch.shard(1, 2)), writer.nll(batch))
