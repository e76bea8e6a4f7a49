"""The songs below a folder: at most so many, none twice, what cannot be read is counted."""

from pathlib import Path

import pytest

from pianoroll_vae.errors import FileUnreadable, NothingFound
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.sources.song_folder import read_songs
from tests.music.measures.random_songs import random_song


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three songs, one of them twice, a damaged file and one that is no song."""
    folder = tmp_path_factory.mktemp("songs")
    (folder / "below").mkdir()
    for seed, name in enumerate(("a.mid", "b.midi", "below/c.mid")):
        (folder / name).write_bytes(midi_bytes(random_song(seed, bars=4)))
    (folder / "again.mid").write_bytes((folder / "a.mid").read_bytes())
    (folder / "damaged.mid").write_bytes(b"MThd nonsense")
    (folder / "notes.txt").write_text("not music")
    return folder


class Notices(SilentWatch):
    def __init__(self) -> None:
        self.notices: list[str] = []

    def notice(self, text: str) -> None:
        self.notices.append(text)


def test_the_same_music_is_read_once_and_what_cannot_be_read_is_counted(folder: Path) -> None:
    watch = Notices()
    songs = read_songs(folder, LPD5, 10, 0, watch)
    assert len(songs) == 3
    assert {song.name for song in songs} in ({"a", "b", "c"}, {"again", "b", "c"})
    assert watch.notices == [
        f"Left out because they cannot be read: 1 of the files below {folder}.",
        f"Left out because they have the music of another: 1 of the files below {folder}.",
    ]


def test_a_seed_chooses_the_same_songs(folder: Path) -> None:
    drawn = [[song.name for song in read_songs(folder, LPD5, 2, seed, SilentWatch())] for seed in (3, 3)]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 2


def test_a_folder_without_songs_and_a_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingFound):
        read_songs(tmp_path, LPD5, 10, 0, SilentWatch())
    with pytest.raises(FileUnreadable):
        read_songs(tmp_path / "absent", LPD5, 10, 0, SilentWatch())
