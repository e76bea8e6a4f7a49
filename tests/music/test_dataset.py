"""A dataset gives back the songs it was made of, in little room, and says so when it is damaged."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.dataset_writer import DatasetWriter
from pianoroll_vae.music.note_columns import CHUNK_NOTES, pack
from pianoroll_vae.music.selection import SongFacts
from pianoroll_vae.music.song import Song
from tests.music.test_segments import song

TEMPO, METERS = ((0, 123.456), (40, 60.0)), ((0, 4, 4), (32, 6, 8))
SONGS = [replace(song(seed, 64 + 10 * seed), tempo=TEMPO, meters=METERS) for seed in range(12)]
FACTS = [
    SongFacts(
        md5=f"{number:032x}", track_id=f"TRAAAAA{number:011X}", title=f"Ünï {number}", genres=("blues",), year=1960
    )
    for number in range(len(SONGS))
]


def write(path: Path, velocities: bool = True, batch: int = 5, songs: list[Song] | None = None) -> Path:
    songs = SONGS if songs is None else songs
    writer = DatasetWriter(path, LPD5, 2, 32, velocities)
    for start in range(0, len(songs), batch):
        writer.add(pack(songs[start : start + batch], velocities), FACTS[start : min(start + batch, len(songs))])
    writer.finish(seed=0)
    return path


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return Dataset.open(write(tmp_path_factory.mktemp("dataset") / "d.h5"))


def test_songs_come_back_as_they_were(dataset: Dataset) -> None:
    assert len(dataset) == len(dataset.songs) == len(SONGS)
    for index, original in enumerate(SONGS):
        again = dataset.song(index)
        assert again.notes == original.notes
        assert (again.steps, again.tempo, again.meters) == (original.steps, TEMPO, METERS)
        assert again.name == FACTS[index].title


def test_the_table_says_what_is_known_without_reading_notes(dataset: Dataset) -> None:
    entry = dataset.songs[3]
    assert (entry.md5, entry.track_id, entry.title) == (FACTS[3].md5, FACTS[3].track_id, "Ünï 3")
    assert (entry.genres, entry.year, entry.first_tempo) == (("blues",), 1960, 123.456)
    assert sum(entry.notes) == len(SONGS[3].notes)
    assert entry.steps == SONGS[3].steps
    assert (dataset.band, dataset.steps_per_beat, dataset.segment_steps) == (LPD5, 2, 32)


def test_each_songs_segments_are_in_the_bank_of_its_split_and_no_other(dataset: Dataset) -> None:
    seen = set()
    for split in ("train", "valid", "test"):
        bank = dataset.bank(split)
        expected = [i for i, entry in enumerate(dataset.songs) if entry.split == split and entry.steps >= 32]
        assert sorted(set(bank.song_of.tolist())) == expected
        for index in expected:
            ids = np.flatnonzero(bank.song_of == index)
            whole = SONGS[index].rolls()[:, : len(ids) * 32].reshape(5, -1, 32, 128).swapaxes(0, 1)
            assert np.array_equal(bank.batch(ids), whole)
        seen |= set(expected)
    assert seen == set(range(len(SONGS)))


def test_without_velocities_cells_are_ones_and_onsets_stay(tmp_path: Path) -> None:
    dataset = Dataset.open(write(tmp_path / "d.h5", velocities=False))
    assert not dataset.has_velocities
    again, original = dataset.song(4), SONGS[4]
    assert np.array_equal(again.rolls(), original.rolls() > 0)
    assert np.array_equal(again.onsets(), original.onsets())
    assert dataset.bank("train").batch([0]).max() == 1


def test_other_notes_have_another_fingerprint(dataset: Dataset, tmp_path: Path) -> None:
    changed = [*SONGS[:-1], replace(SONGS[-1], notes=SONGS[-1].notes[1:])]
    assert Dataset.open(write(tmp_path / "b.h5", songs=changed)).fingerprint != dataset.fingerprint


def test_songs_larger_than_a_chunk_and_songs_without_notes_are_kept(tmp_path: Path) -> None:
    songs = [song(1, CHUNK_NOTES), replace(song(2, 64), notes=song(2, 64).notes[:0]), song(3, 64)]
    dataset = Dataset.open(write(tmp_path / "d.h5", batch=2, songs=songs))
    assert len(songs[0].notes) > CHUNK_NOTES
    assert [dataset.song(i).notes == songs[i].notes for i in range(3)] == [True] * 3


@pytest.mark.parametrize("length", [0, 100, 4000, -100])
def test_a_torn_dataset_is_an_error_with_a_hint(tmp_path: Path, length: int) -> None:
    path = write(tmp_path / "d.h5")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ArtifactDamaged) as error:
        Dataset.open(path)
    assert "vaemusic preprocess" in error.value.hint


def test_another_hdf5_file_is_not_a_dataset(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file["x"] = 1
    with pytest.raises(ArtifactDamaged, match="not a dataset"):
        Dataset.open(tmp_path / "d.h5")


def test_damaged_notes_are_an_error_when_they_are_read(tmp_path: Path) -> None:
    path = write(tmp_path / "d.h5")
    with h5py.File(path) as file:
        chunk = file["notes/row"].id.get_chunk_info(0)
    content = bytearray(path.read_bytes())
    content[chunk.byte_offset + chunk.size // 2] ^= 255
    path.write_bytes(content)
    dataset = Dataset.open(path)
    with pytest.raises(ArtifactDamaged):
        dataset.song(0)
    with pytest.raises(ArtifactDamaged):
        dataset.bank("train")
