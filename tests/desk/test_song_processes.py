"""Songs that several processes generate are those of one process."""

import multiprocessing
from multiprocessing.connection import wait

import pytest

from pianoroll_vae.desk.ensembles import load_bundled
from pianoroll_vae.desk.new_songs import NewSongOptions, generate_songs
from pianoroll_vae.desk.primers import NONE, find_primers
from pianoroll_vae.desk.song_processes import (
    PHRASES_PER_PROCESS,
    SongJob,
    SongProcess,
    equal_groups,
    generate_in_groups,
)
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

SEEDS, PHRASES = [1, 2, 3, 4, 5], 2
ASKED = NewSongOptions(default_phrases=PHRASES)
MANY = 2 * PHRASES_PER_PROCESS
"""So many phrases are worth two processes."""


@pytest.fixture(scope="module")
def band() -> Ensemble:
    return load_bundled()


@pytest.fixture(scope="module")
def primers(band: Ensemble) -> list[Song]:
    return find_primers(None, NONE, SEEDS, band)


@pytest.fixture(scope="module")
def alone(band: Ensemble, primers: list[Song]) -> list[Notes]:
    return [song.new.notes for song in generate_songs(band, primers, SEEDS, ASKED)]


def test_groups_are_as_equal_as_they_can_be() -> None:
    sizes = {songs: [part.stop - part.start for part in equal_groups(songs, 4, 2)] for songs in (0, 1, 3, 8, 9, 17)}
    assert sizes == {0: [], 1: [1], 3: [1, 2], 8: [4, 4], 9: [2, 2, 2, 3], 17: [2, 3, 3, 3, 3, 3]}


def test_songs_of_several_processes_come_in_order(band: Ensemble, primers: list[Song], alone: list[Notes]) -> None:
    phrases, beginnings = list[int](), list[Arrangement]()
    songs = generate_in_groups(
        band, primers, SEEDS, ASKED, MANY, phrases.append, lambda song, beats: beginnings.append(song)
    )
    assert [song.new.notes for song in songs] == alone
    assert sum(phrases) == len(SEEDS) * PHRASES
    assert {song.new.name for song in beginnings} == {"vaemusic 1"}
    assert not multiprocessing.active_children()


def test_songs_for_which_nothing_waits_leave_no_process(band: Ensemble, primers: list[Song]) -> None:
    songs = generate_in_groups(band, primers, SEEDS, ASKED, MANY)
    next(songs)
    songs.close()
    assert not multiprocessing.active_children()


def test_another_process_generates_the_same_songs_until_it_dies(
    band: Ensemble, primers: list[Song], alone: list[Notes]
) -> None:
    phrases = list[int]()
    job = SongJob(band, primers, SEEDS, ASKED, [slice(0, 2), slice(2, 4), slice(4, 5)])
    with SongProcess(job, phrases.append) as process:
        while len(job.songs) < 4:
            assert wait([process.connection], timeout=60)
            process.receive()
        assert job.groups == []
        process.process.kill()
        process.process.join()
        process.receive()
        process.receive()
    assert [job.songs[number].new.notes for number in range(4)] == alone[:4]
    assert sum(phrases) >= 4 * PHRASES
    assert job.songs.keys() == set(range(5)) or job.groups == [slice(4, 5)], "this process generates it then"
