"""The dataset report counts what is there, and its picture is a picture."""

from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.config import FilterSettings, PreprocessSettings
from pianoroll_vae.errors import ArtifactMissing
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.grid import Grid
from pianoroll_vae.music.summary import summarise_parts
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages import filter as filter_stage
from pianoroll_vae.stages import preprocess
from pianoroll_vae.stages.dataset import run
from pianoroll_vae.workspace import DATASET
from tests.lakh_corpus import Corpus, make_lakh_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    corpus = make_lakh_corpus(tmp_path_factory.mktemp("corpus"), steps=24 * 64 + 1)
    request = filter_stage.Request(corpus.lpd, corpus.msd)
    settings = FilterSettings(genre=("blues", "rock", "jazz"))
    filter_stage.run(corpus.workspace, request, settings, SilentWatch())
    preprocess.run(corpus.workspace, Grid(), LPD5, PreprocessSettings(), SilentWatch())
    return corpus


def test_the_numbers_are_those_of_the_songs(corpus: Corpus) -> None:
    report = run(corpus.workspace, None)
    dataset = Dataset.open(corpus.workspace.path(DATASET))
    songs = [dataset.song(index) for index in range(len(dataset))]
    assert report.summary.songs == 4
    assert report.summary.segments == sum(song.steps // 32 for song in songs)
    assert report.summary.hours == pytest.approx(sum(song.seconds for song in songs) / 3600)
    assert report.summary.genres == (("blues", 2), ("rock", 2), ("jazz", 1))
    for instrument, one in enumerate(report.summary.instruments):
        notes = [song.notes[song.notes.instrument == instrument] for song in songs]
        assert one.notes == sum(map(len, notes)) == one.pitches.sum()
        assert one.songs == sum(len(n) > 0 for n in notes)
        whole = [song.between(0, song.steps // 8 * 8) for song in songs]
        played = [summarise_parts(song)[instrument].bars_played for song in whole]
        bars = [song.steps // 8 for song in whole]
        assert one.bars_played == pytest.approx(np.average(played, weights=bars))


def test_guitar_is_absent_from_one_song(corpus: Corpus) -> None:
    songs = {one.name: one.songs for one in run(corpus.workspace, None).summary.instruments}
    assert songs == {"piano": 4, "guitar": 3, "bass": 4, "strings": 4, "drums": 4}


def test_the_picture_is_a_png_and_the_same_each_time(corpus: Corpus, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        run(corpus.workspace, tmp_path / name)
    content = (tmp_path / "a.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert content == (tmp_path / "b.png").read_bytes()


def test_without_a_dataset_the_command_to_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing) as error:
        run(make_lakh_corpus(tmp_path, steps=30).workspace, None)
    assert "vaemusic preprocess" in error.value.hint
