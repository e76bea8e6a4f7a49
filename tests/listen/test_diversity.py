"""Diversity is the distance between songs beside that between real ones."""

import pytest

from pianoroll_vae.listen.diversity import diversity_of
from pianoroll_vae.listen.song_set import measure
from pianoroll_vae.progress import SilentWatch
from tests.listen.test_evaluation import some
from tests.music.measures.random_songs import random_song


def test_equal_songs_have_no_diversity() -> None:
    songs = {"real": some(0), "other": some(20), "one": [random_song(50, bars=12)] * 5}
    with SilentWatch().task("Measuring", None, "songs") as task:
        real, other, one = (measure(name, made, 4, task) for name, made in songs.items())
    diversity = diversity_of(real, other, {"real": real, "one": one, "again": one})
    assert diversity["real", "real"] == 1
    for pair in (("one", "one"), ("one", "again")):
        assert diversity[pair] == pytest.approx(0, abs=1e-6)
