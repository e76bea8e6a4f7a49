"""Plans hold the chords, form and players of each bar."""

import numpy as np
import pytest

from pianoroll_vae.models.arranger.blocks import BLOCK_HALVES, Blocks
from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.play.plan import Plan, block_chords, read_chart_of_bars
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import LENGTHS, NOTE_COLUMNS, Bars
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.chord_labels import CHORD_TONES, NO_CHORD
from tests.small_arranger import loops, random_chords

CONDITIONS = Conditions.unknown(5)


@pytest.mark.parametrize("phase", range(4))
def test_each_bar_has_the_form_and_the_players_of_its_block(phase: int) -> None:
    rng = np.random.default_rng(0)
    chords, blocks = random_chords(10, rng), Blocks(phase, np.array([0, 1, 2]), rng.random((3, 5)) < 0.5)
    plan = Plan.from_blocks(blocks, chords, CONDITIONS)
    assert np.array_equal(plan.chords, chords)
    for bar in range(10):
        block, number = divmod(bar - phase, 4)
        assert plan.block_bar[bar] == number
        assert plan.form[bar] == (0 if block < 0 else blocks.form[block])
        assert plan.active[bar].tolist() == ([True] * 5 if block < 0 else blocks.active[block].tolist())


def test_without_a_chart_all_may_play_and_nothing_returns() -> None:
    nothing = Blocks(0, np.zeros(0, np.int64), np.zeros((0, 5), np.bool_))
    for plan in (
        Plan.without_chart(6, 5, CONDITIONS),
        Plan.from_blocks(nothing, np.full((6, 2), NO_CHORD), CONDITIONS),
    ):
        assert plan.active.all()
        assert not plan.form.any()
        assert (plan.chords == NO_CHORD).all()
        assert plan.block_bar.tolist() == [0, 1, 2, 3, 0, 1]


def test_a_bar_has_its_two_chords_and_the_one_after_them() -> None:
    plan = Plan.without_chart(3, 5, CONDITIONS)
    plan.chords[:] = [[1, 2], [3, 4], [5, 6]]
    assert plan.chords_around.tolist() == [[1, 2, 3], [3, 4, 5], [5, 6, 6]]


def test_chords_of_blocks_are_unknown_after_the_last_bar() -> None:
    chords = np.arange(14).reshape(7, 2)
    found = block_chords(chords, 1, 3)
    assert found.shape == (3, BLOCK_HALVES)
    assert found.ravel().tolist() == [*range(2, 14), *[-1] * 12]


def test_the_chords_of_played_bars_are_read() -> None:
    chart, _ = parse_chart("| C | Am | F G | N.C. |")
    piano, half_bar = LPD5.index("piano"), int(np.flatnonzero(LENGTHS == 24)[0])
    cells = [np.zeros((0, NOTE_COLUMNS), np.uint8)] * 20
    for bar, labels in enumerate(chart.chords):
        tones = [(24 * half, 60 + tone) for half in (0, 1) for tone in np.flatnonzero(CHORD_TONES[labels[half]])]
        cells[5 * bar + piano] = np.array([(*tone, half_bar, 5) for tone in tones], np.uint8).reshape(-1, NOTE_COLUMNS)
    chords, blocks = read_chart_of_bars(Bars.from_cells(cells, 5), LPD5)
    assert np.array_equal(chords, chart.chords)
    assert blocks.active.tolist() == [[instrument == piano for instrument in range(5)]]


@pytest.mark.parametrize("bars", [0, 1, 3, 9])
def test_a_song_of_any_length_has_a_chart(bars: int) -> None:
    chords, blocks = read_chart_of_bars(loops(bars, 2), LPD5)
    assert chords.shape == (bars, 2)
    plan = Plan.from_blocks(blocks, chords, CONDITIONS)
    assert len(plan.form) == len(plan.active) == bars
