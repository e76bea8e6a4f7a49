"""Genres, tempo and density as classes, of which some are hidden."""

import numpy as np
import pytest

from pianoroll_vae.models.arranger.conditions import (
    DENSITIES,
    GENRES,
    TEMPO_EDGES,
    TEMPOS,
    UNKNOWN,
    Conditions,
    density_classes,
    genre_slots,
    hide,
    requested_density,
    tempo_class,
)
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import Bars
from tests.small_arranger import bar_notes, random_conditions


def test_genres_that_a_model_does_not_know_are_left_out() -> None:
    slots = genre_slots(("rock", "polka", "blues"), ("blues", "jazz", "rock"))
    assert slots.shape == (GENRES,)
    assert np.flatnonzero(slots).tolist() == [0, 2]
    assert not genre_slots((), ("blues",)).any()


def test_classes_of_tempo_rise_and_none_is_unknown() -> None:
    classes = [tempo_class(tempo) for tempo in (30, *TEMPO_EDGES, 300)]
    assert classes == [1, *range(2, TEMPOS), TEMPOS - 1]
    assert UNKNOWN not in classes


def test_density_is_that_of_the_bars_in_which_an_instrument_plays() -> None:
    rng = np.random.default_rng(0)
    full = bar_notes(rng, 40)
    sparse, rest = full[:1], full[:0]
    assert len(full) > 18
    bars = Bars.from_cells([sparse, full, rest, rest, full, rest], 3)
    assert density_classes(bars).tolist() == [1, DENSITIES - 1, UNKNOWN]


@pytest.mark.parametrize("name", LPD5.names)
def test_requested_densities_rise_and_are_known_classes(name: str) -> None:
    instrument = LPD5.instruments[LPD5.index(name)]
    low, medium, high = (requested_density(level, instrument) for level in ("low", "medium", "high"))
    assert UNKNOWN < low < medium < high < DENSITIES


def test_drums_play_more_notes_than_a_piano_and_a_bass_fewer() -> None:
    drums, piano, bass = (
        requested_density("medium", LPD5.instruments[LPD5.index(name)]) for name in ("drums", "piano", "bass")
    )
    assert bass < piano < drums


def test_hiding_leaves_what_it_does_not_hide() -> None:
    rng = np.random.default_rng(0)
    songs = Conditions.stack([random_conditions(rng) for _ in range(400)], 5)
    hidden = hide(songs, np.random.default_rng(1))
    kept = hidden.genres.any(1)
    assert np.array_equal(hidden.genres[kept], songs.genres[kept])
    assert 0.7 < kept.mean() < 0.9
    for mine, theirs, share in ((hidden.tempo, songs.tempo, 0.8), (hidden.density, songs.density, 0.5)):
        shown = mine != UNKNOWN
        assert np.array_equal(mine[shown], theirs[shown])
        assert shown[theirs != UNKNOWN].mean() == pytest.approx(share, abs=0.06)


def test_songs_are_stacked_and_taken_out_again() -> None:
    rng = np.random.default_rng(0)
    songs = [random_conditions(rng), Conditions.unknown(5)]
    stacked = Conditions.stack(songs, 5)
    for index, song in enumerate(songs):
        for name in ("genres", "tempo", "density"):
            assert np.array_equal(getattr(stacked[index], name), getattr(song, name))
    nothing = Conditions.stack([], 5)
    assert (nothing.genres.shape, nothing.tempo.shape, nothing.density.shape) == ((0, GENRES), (0,), (0, 5))
