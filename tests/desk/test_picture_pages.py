"""A picture of several pages is written, and replaced, as a whole."""

from pathlib import Path

import pytest

from pianoroll_vae.desk.outputs import output_paths, write
from pianoroll_vae.desk.picture_pages import later_pages, write_pages
from pianoroll_vae.errors import FileUnwritable
from pianoroll_vae.music.arrangement import Arrangement
from tests.listen.songs import band_song


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_shorter_picture_removes_the_pages_of_a_longer_one_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "song-page-two.png").touch()
    (tmp_path / "song-page-2.mid").touch()
    (tmp_path / "song-page-9.png").write_bytes(b"a drawing")
    write_pages(tmp_path / "song.png", [b"1", b"2", b"3"])
    assert [path.name.removeprefix("song-page-") for path in later_pages(tmp_path / "song.png")] == [
        "2.png",
        "3.png",
        "9.png",
    ]
    assert len(write_pages(tmp_path / "song.png", [b"4"])) == 1
    assert names(tmp_path) == ["song-page-2.mid", "song-page-9.png", "song-page-two.png", "song.png"]
    assert later_pages(tmp_path / "nowhere" / "song.png") == []


def test_a_long_song_has_several_pages_which_the_report_names(tmp_path: Path) -> None:
    written = write(Arrangement(band_song(bars=100)), (tmp_path / "song.mid", tmp_path / "song.png"), 0, "")
    assert [path.name for path in written.paths] == ["song.mid", "song.png", "song-page-2.png"]
    assert names(tmp_path) == ["song-page-2.png", "song.mid", "song.png"]


def test_a_later_page_from_elsewhere_is_not_replaced_without_force(tmp_path: Path) -> None:
    page = tmp_path / "song-page-2.png"
    page.write_bytes(b"a drawing")
    with pytest.raises(FileUnwritable, match=r"song-page-2.png exists") as error:
        output_paths([tmp_path / "song.png"], 1)
    assert "--force" in error.value.hint
    assert output_paths([tmp_path / "song.png"], 1, force=True)
