"""Plans keep what is known of a song."""

import numpy as np
import pytest

from pianoroll_vae.models.arranger.play.chart_writer import ChartWriter
from pianoroll_vae.models.arranger.play.plan import read_chart_of_bars
from pianoroll_vae.models.arranger.play.planning import Planner
from pianoroll_vae.music.band import LPD5
from tests.small_arranger import SMALL_ARRANGER, loops, small_arranger_weights


@pytest.fixture(scope="module")
def planner() -> Planner:
    views = small_arranger_weights("melody").views()
    tensors = {name: view[0].numpy() for name, view in views.items()}
    return Planner(LPD5, (), ChartWriter(SMALL_ARRANGER, tensors))


def test_bars_are_written_anew_to_the_songs_own_chords(planner: Planner) -> None:
    song = loops(12, seed=3)
    assert np.array_equal(planner.rewritten(song).chords[:12], read_chart_of_bars(song, LPD5)[0])


def test_known_instruments_play_where_they_play_and_the_others_are_planned(planner: Planner) -> None:
    song, known = loops(12, seed=3), (True, False, False, False, True)
    plan = planner.accompanied(song, np.tile(known, (len(song), 1)), 0, planner.conditions())
    assert plan.active.shape == (12, 5)
    plays = np.diff(song.first).reshape(12, 5) > 0
    assert plan.active[:, 0][plays[:, 0]].all()
