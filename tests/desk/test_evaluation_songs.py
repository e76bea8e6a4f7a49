"""Real songs, training songs and primers of an evaluation differ, and have a full band where there are enough."""

from dataclasses import replace

import pytest

from pianoroll_vae.desk.evaluation_songs import MIN_FULL_BAND_SHARE, is_primer, is_reference, with_full_band
from pianoroll_vae.music.dataset import Dataset
from tests.thesis_dataset import thesis_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """70 songs."""
    path = tmp_path_factory.mktemp("evaluation") / "dataset.h5"
    thesis_dataset(path, songs=70)
    return Dataset.open(path)


@pytest.mark.parametrize("tuning", [False, True])
def test_training_songs_and_primers_are_not_in_the_reference(dataset: Dataset, tuning: bool) -> None:
    songs = dataset.songs
    judged = [song.md5 for song in songs if is_reference(song, tuning)]
    primers = [song.md5 for song in songs if is_primer(song, tuning, shortest=32)]
    trained = [song.md5 for song in songs if song.split == "train"]
    assert judged
    assert primers
    assert len({*judged, *primers, *trained}) == len(judged) + len(primers) + len(trained)
    final = {song.md5 for song in songs if song.split == "test"}
    assert final.isdisjoint(judged if tuning else primers)


def test_songs_with_a_full_band_are_chosen_unless_they_are_rare(dataset: Dataset) -> None:
    [full, *_] = [song for song in dataset.songs if all(song.notes)]
    thin = replace(full, notes=(0, *full.notes[1:]))
    some = [thin, full, thin]
    assert with_full_band(some, [0, 1, 2]) == [1]
    assert with_full_band(some, [0, 2]) == [0, 2]
    many = [full, *[thin] * round(1 / MIN_FULL_BAND_SHARE)]
    assert with_full_band(many, range(len(many))) == range(len(many))
