"""Files that vaemusic did not write are not replaced, and its own are."""

from pathlib import Path

import pytest

from pianoroll_vae.desk.overwriting import check_replaceable, remember_written, unused_path
from pianoroll_vae.errors import FileUnwritable
from tests.conftest import Vaemusic
from tests.midi_files import midi_file


@pytest.fixture(autouse=True)
def nothing_written_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_a_file_from_elsewhere_is_replaced_only_with_force(tmp_path: Path) -> None:
    path = tmp_path / "song.mid"
    check_replaceable([path], force=False)
    path.write_text("mine")
    with pytest.raises(FileUnwritable, match="is not as vaemusic wrote it") as caught:
        check_replaceable([path], force=False)
    assert "--force" in caught.value.hint
    check_replaceable([path], force=True)


def test_a_file_of_ours_is_replaced_until_it_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "song.chart"
    path.write_text("| C |")
    remember_written(path)
    check_replaceable([path], force=False)
    path.write_text("| Am |")
    with pytest.raises(FileUnwritable):
        check_replaceable([path], force=False)


def test_without_a_place_for_the_record_files_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "song.mid"
    path.write_text("new")
    monkeypatch.setenv("XDG_STATE_HOME", str(path))
    remember_written(path)


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    path = tmp_path / "song.mid"
    assert unused_path(path) == path
    path.touch()
    (tmp_path / "song-2.mid").touch()
    assert unused_path(path) == tmp_path / "song-3.mid"


def test_commands_refuse_before_they_work_and_number_their_usual_name(
    tmp_path: Path, vaemusic: Vaemusic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    song = midi_file(tmp_path / "song.mid", beats=8)
    before = song.read_bytes()
    for command in (("groove", song, "-o", song), ("plot", song, "-o", "a.png"), ("chart", song, "-o", "a.chart")):
        Path(command[-1]).touch()
        refused = vaemusic(*command)
        assert (refused.status, refused.out) == (1, "")
        assert "--force" in refused.err
    assert song.read_bytes() == before
    for _ in range(2):
        assert vaemusic("groove", song, "-q").status == 0
    assert sorted(path.name for path in tmp_path.glob("grooved*")) == ["grooved-2.mid", "grooved.mid"]
    assert vaemusic("plot", song, "-o", "a.png", "--force").status == 0
    assert vaemusic("plot", song, "-o", "a.png").status == 0
