"""Plans keep what is known of a song."""

import numpy as np
import pytest

from pianoroll_vae.models.arranger.conditions import multi_hot_genres
from pianoroll_vae.models.arranger.play.chart_writer import ChartWriter
from pianoroll_vae.models.arranger.play.plan import read_chart_of_bars
from pianoroll_vae.models.arranger.play.planning import Planner
from pianoroll_vae.models.arranger.play.trait_model import TraitModel
from pianoroll_vae.models.arranger.sampling import DENSITY_LEAD, DENSITY_QUANTILES
from pianoroll_vae.models.arranger.traits import DENSITY, TRAITS, UNKNOWN_CLASS, read_traits
from pianoroll_vae.models.ensemble import SongRequest
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import SILENT
from pianoroll_vae.music.chart import Chart, Section, parse_chart
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import TWELFTHS_PER_BEAT
from pianoroll_vae.music.song import Song
from tests.small_arranger import SMALL_ARRANGER, loops, small_arranger_weights


@pytest.fixture(scope="module")
def planner() -> Planner:
    views = small_arranger_weights("melody").views()
    tensors = {name: view[0].numpy() for name, view in views.items()}
    return Planner(LPD5, ("blues", "rock"), ("rock",), ChartWriter(SMALL_ARRANGER, tensors), TraitModel(tensors))


def test_bars_are_written_anew_to_the_songs_own_chords(planner: Planner) -> None:
    song = loops(12, seed=3)
    assert np.array_equal(planner.rewritten(song).chords[:12], read_chart_of_bars(song, LPD5)[0])


def test_known_instruments_play_where_they_play_and_the_others_are_planned(planner: Planner) -> None:
    song, known = loops(12, seed=3), (True, False, False, False, True)
    plan = planner.accompanied(song, np.tile(known, (len(song), 1)), 0, planner.conditions())
    assert plan.active.shape == (12, 5)
    plays = np.diff(song.first).reshape(12, 5) > 0
    assert plan.active[:, 0][plays[:, 0]].all()


def test_new_parts_are_led_to_the_density_that_is_asked_for(planner: Planner) -> None:
    song, known = loops(12, seed=3), np.tile((True, False, False, False, False), (12, 1))
    asked = planner.conditions(request=SongRequest(density={"drums": "high"}))
    plan = planner.accompanied(song, known, 0, asked)
    drums = LPD5.index("drums")
    assert plan.conditions.traits[drums, DENSITY] == asked.traits[drums, DENSITY]
    targets = plan.conditions.density_targets
    assert targets is not None and np.flatnonzero(~np.isnan(targets)).tolist() == [drums]
    strength, free = np.asarray(plan.trait_strength), planner.accompanied(song, known, 0, planner.conditions())
    assert np.argwhere(strength != np.asarray(free.trait_strength)).tolist() == [[drums, DENSITY]]


def test_the_words_for_density_are_quantiles_of_the_songs_that_the_band_knows(planner: Planner) -> None:
    nothing = read_traits(loops(0))
    drawn = [planner.with_traits(planner.conditions(), nothing, seed).traits[:, DENSITY] for seed in range(400)]
    edges = np.array([0.0, *TRAITS[DENSITY].edges, np.inf])
    for level, quantile in DENSITY_QUANTILES.items():
        asked = planner.conditions(request=SongRequest(density=dict.fromkeys(LPD5.names, level)))
        assert asked.density_targets is not None
        notes, own = asked.density_targets / DENSITY_LEAD, asked.traits[:, DENSITY]
        assert ((edges[own - 1] <= notes) & (notes <= edges[own])).all()
        below, up_to = (np.array(drawn) < own).mean(0), (np.array(drawn) <= own).mean(0)
        assert (below - 0.07 <= quantile).all() and (quantile <= up_to + 0.07).all()


def test_new_parts_and_bars_written_anew_have_the_chords_that_are_asked_for(planner: Planner) -> None:
    song, asked = loops(10, seed=4), np.array([[0, 0], [6, 6], [12, 12]])
    request = SongRequest(Chart((Section("A", 3),), asked), strict_chords=True)
    known = np.tile(np.array([True, False, False, False, False]), (len(song), 1))
    for plan in (
        planner.rewritten(song, request),
        planner.accompanied(song, known, 0, planner.conditions(), request),
    ):
        assert np.array_equal(plan.chords, np.resize(asked, (10, 2)))


def test_traits_are_as_requested_else_as_played_else_drawn(planner: Planner) -> None:
    song, nothing = loops(12, seed=3), loops(0)
    played = read_traits(song)
    request = planner.conditions(request=SongRequest(density={"piano": "high"}))
    traits = planner.with_traits(request, played, 1).traits
    assert traits[0, DENSITY] == request.traits[0, DENSITY]
    known = played != UNKNOWN_CLASS
    known[0, DENSITY] = False
    assert known.any()
    assert np.array_equal(traits[known], played[known])
    drawn = [planner.with_traits(planner.conditions(), read_traits(nothing), seed).traits for seed in (1, 1, 2)]
    assert (drawn[0] != UNKNOWN_CLASS).all()
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_a_song_of_which_bars_are_written_anew_keeps_its_traits(planner: Planner) -> None:
    song = loops(12, seed=3)
    assert np.array_equal(planner.rewritten(song).conditions.traits, read_traits(song))


def test_songs_that_begin_from_nothing_have_the_default_genres(planner: Planner) -> None:
    beginning = Song(LPD5, Notes.empty(), 0, TWELFTHS_PER_BEAT)
    rock, blues = (multi_hot_genres((name,), planner.genres) > 0 for name in ("rock", "blues"))
    assert np.array_equal(planner.conditions(beginning).genres > 0, rock)
    asked = planner.conditions(beginning, SongRequest(genres=("blues",)))
    assert np.array_equal(asked.genres > 0, blues)
    assert not planner.conditions().genres.any()


def test_parts_double_others_in_songs_from_nothing_alone(planner: Planner) -> None:
    chart, _ = parse_chart("| C | Am | F | G |")
    asked = planner.conditions(request=SongRequest(density=dict.fromkeys(LPD5.names, "high")))
    for played, conditions, doubles in (
        (loops(0), planner.conditions(), True),
        (loops(0), asked, False),
        (loops(8, seed=3), planner.conditions(), False),
    ):
        plans = [planner.continued(played, 4, chart, seed, conditions) for seed in range(40)]
        assert any((np.asarray(plan.doubled) != SILENT).any() for plan in plans) == doubles
        assert all(np.asarray(plan.doubled).shape == (len(played) + 4, 5) for plan in plans)
