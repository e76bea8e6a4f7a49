"""A folder tree is walked completely, each folder once."""

import os
from pathlib import Path

from pianoroll_vae.sources.dropped import UNREADABLE, DroppedFiles
from pianoroll_vae.sources.folders import files_under
from tests.conftest import as_unprivileged_user


def names(root: Path, dropped: DroppedFiles) -> list[str]:
    return sorted(os.path.relpath(entry.path, root) for entry in files_under(root, dropped))


def test_files_at_any_depth_are_found(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    for path in (tmp_path / "top", deep / "low"):
        path.touch()
    assert names(tmp_path, DroppedFiles()) == ["a/b/c/low", "top"]


def test_links_in_a_circle_end_and_a_link_to_itself_hides_nothing(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "back").symlink_to(tmp_path)
    (inside / "itself").symlink_to(inside / "itself")
    (inside / "song").touch()
    dropped = DroppedFiles()
    assert names(tmp_path, dropped) == ["inside/itself", "inside/song"]
    assert len(dropped) == 0


def test_names_of_any_bytes_are_found(tmp_path: Path) -> None:
    for name in (b"two\nlines", b"caf\xe9"):
        (tmp_path / os.fsdecode(name)).touch()
    assert len(names(tmp_path, DroppedFiles())) == 2


def test_a_folder_that_cannot_be_entered_is_reported(open_folder: Path) -> None:
    (open_folder / "shut").mkdir(mode=0)
    dropped = DroppedFiles()
    with as_unprivileged_user():
        assert names(open_folder, dropped) == []
    assert dropped.counts == {UNREADABLE: 1}
