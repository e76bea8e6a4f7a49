"""Players are active in as many blocks as their share needs, and play that share."""

import numpy as np

from pianoroll_vae.models.arranger.blocks import BLOCK_HALVES, Blocks
from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.play.chart_writer import UNKNOWN, ChartDraft
from pianoroll_vae.models.arranger.play.plan import Plan
from pianoroll_vae.models.arranger.play.players import (
    MAX_SHARE_OF_BLOCKS,
    min_share_of,
    min_shares,
    with_joining,
    with_players,
)
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import Bars
from pianoroll_vae.music.chord_labels import NO_CHORD
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

CONDITIONS = Conditions(np.zeros(0, np.float32), np.array(0), np.zeros(5, np.int64))
PIANO, GUITAR, BASS = (LPD5.index(name) for name in ("piano", "guitar", "bass"))


def blocks() -> Blocks:
    """Ten blocks: the piano plays in all, the bass in the second half, the guitar in the first."""
    active = np.zeros((10, 5), np.bool_)
    active[:, PIANO] = active[5:, BASS] = active[0, GUITAR] = True
    return Blocks(0, np.zeros(10, np.int64), active)


def test_a_song_goes_on_with_those_who_played_and_those_who_join() -> None:
    played = Bars.from_notes(Notes.tidy([PIANO], [60], [0], [12], [80]), 9 * TWELFTHS_PER_BAR, LPD5.drums)
    active = np.full((4, 5), UNKNOWN)
    active[:2] = np.arange(5) == PIANO
    draft = ChartDraft(np.full(4, UNKNOWN), active, np.full((4, BLOCK_HALVES), UNKNOWN))
    for names in ((), ("bass",)):
        after = with_joining(draft, played, LPD5, names).active
        assert np.array_equal(after[:2], active[:2])
        assert (after[2:, PIANO] == UNKNOWN).all()
        assert (after[2:, BASS] == (UNKNOWN if names else 0)).all()
        assert not np.delete(after[2:], [PIANO, BASS], 1).any()


def test_a_player_is_active_where_most_others_are_and_where_it_was() -> None:
    before = blocks()
    after = with_players(before, LPD5, ["guitar"]).active
    needed = int(np.ceil(min_share_of("guitar") / MAX_SHARE_OF_BLOCKS * 10))
    assert after[:, GUITAR].sum() == needed
    assert after[[0, *range(5, 10)], GUITAR].all()
    assert np.array_equal(np.delete(after, GUITAR, 1), np.delete(before.active, GUITAR, 1))


def test_who_is_active_enough_stays_as_planned() -> None:
    before = blocks()
    assert np.array_equal(with_players(before, LPD5, ["piano"]).active, before.active)


def test_the_share_of_a_song_becomes_a_share_of_the_active_bars() -> None:
    plan = Plan.from_blocks(blocks(), np.full((40, 2), NO_CHORD), CONDITIONS)
    least = min_shares(plan, LPD5, ["bass", "guitar"])
    assert least[BASS] * 20 == min_share_of("bass") * 40
    assert least[GUITAR] == 1, "four bars are fewer than its share, so it plays in all of them"
    assert least[PIANO] == 0
