"""Genres, tempo and traits as classes, of which some are hidden."""

import numpy as np
import pytest

from pianoroll_vae.models.arranger.conditions import (
    GENRES,
    TEMPO_EDGES,
    TEMPOS,
    Conditions,
    hide_conditions,
    multi_hot_genres,
    tempo_class,
)
from pianoroll_vae.models.arranger.traits import TRAITS, UNKNOWN_CLASS
from tests.small_arranger import random_conditions


def test_genres_that_a_model_does_not_know_are_left_out() -> None:
    slots = multi_hot_genres(("rock", "polka", "blues"), ("blues", "jazz", "rock"))
    assert slots.shape == (GENRES,)
    assert np.flatnonzero(slots).tolist() == [0, 2]
    assert not multi_hot_genres((), ("blues",)).any()


def test_classes_of_tempo_rise_and_none_is_unknown() -> None:
    classes = [tempo_class(tempo) for tempo in (30, *TEMPO_EDGES, 300)]
    assert classes == [1, *range(2, TEMPOS), TEMPOS - 1]
    assert UNKNOWN_CLASS not in classes


def test_hiding_leaves_what_it_does_not_hide() -> None:
    rng = np.random.default_rng(0)
    songs = Conditions.stack([random_conditions(rng) for _ in range(400)], 5)
    hidden = hide_conditions(songs, np.random.default_rng(1))
    kept = hidden.genres.any(1)
    assert np.array_equal(hidden.genres[kept], songs.genres[kept])
    assert 0.7 < kept.mean() < 0.9
    for mine, theirs, share in ((hidden.tempo, songs.tempo, 0.8), (hidden.traits, songs.traits, 0.64)):
        shown = mine != UNKNOWN_CLASS
        assert np.array_equal(mine[shown], theirs[shown])
        assert shown[theirs != UNKNOWN_CLASS].mean() == pytest.approx(share, abs=0.06)


def test_songs_are_stacked_and_taken_out_again() -> None:
    rng = np.random.default_rng(0)
    songs = [random_conditions(rng), Conditions.unknown(5)]
    stacked = Conditions.stack(songs, 5)
    for index, song in enumerate(songs):
        for name in ("genres", "tempo", "traits"):
            assert np.array_equal(getattr(stacked[index], name), getattr(song, name))
    nothing = Conditions.stack([], 5)
    assert (nothing.genres.shape, nothing.tempo.shape, nothing.traits.shape) == ((0, GENRES), (0,), (0, 5, len(TRAITS)))
