"""Files are written whole or not at all, and what killed runs leave is removed."""

import errno
from pathlib import Path

import pytest

from pianoroll_vae.atomic_files import remove_parts, write_text, writing
from pianoroll_vae.errors import FileUnwritable
from tests.killed_runs import killed_while_writing


def test_a_failed_write_keeps_the_old_file_and_leaves_no_half(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    write_text(path, "old")
    with pytest.raises(ValueError, match="stop"), writing(path) as part:
        part.write_text("half")
        raise ValueError("stop")
    assert path.read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kept.txt"]


def test_a_full_disk_is_one_message_with_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    write_text(path, "old")
    with pytest.raises(FileUnwritable) as wrong, writing(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "Make room" in wrong.value.hint
    assert path.read_text() == "old"


def test_a_folder_where_a_file_stands_is_refused(tmp_path: Path) -> None:
    write_text(tmp_path / "file", "x")
    with pytest.raises(FileUnwritable, match="Cannot write") as wrong:
        write_text(tmp_path / "file" / "below.txt", "y")
    assert "A file is where a folder is needed" in wrong.value.hint


@pytest.mark.parametrize("name", ["reports/filter.csv", ".vaemusic/artifacts.json", "song.mid", "[1].mid"])
def test_what_a_killed_run_leaves_of_any_file_is_swept_when_it_is_written_again(tmp_path: Path, name: str) -> None:
    killed_while_writing(tmp_path / name)
    write_text(tmp_path / name, "whole")
    assert not list(tmp_path.rglob("*.part*"))


def test_a_process_that_ends_at_once_removes_what_it_writes(tmp_path: Path) -> None:
    with pytest.raises(FileUnwritable, match="Cannot write"), writing(tmp_path / "dataset.h5") as part:
        part.write_text("half")
        remove_parts()
        assert not part.exists()
    remove_parts()
