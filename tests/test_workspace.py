"""Artifacts are written atomically, and stale ones are detected."""

import errno
from pathlib import Path

import pytest

from pianoroll_vae.errors import ArtifactMissing, FileUnreadable, FileUnwritable, WorkspaceBusy, WorkspaceMissing
from pianoroll_vae.workspace import CONFIG_FILE, DATASET, SELECTION, Workspace, write_text, writing


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / CONFIG_FILE).write_text("")
    return Workspace(tmp_path)


def test_the_nearest_folder_upwards_is_the_workspace(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = workspace.root / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert Workspace.find().root == workspace.root.resolve()


def test_a_folder_that_is_no_workspace_is_refused_even_below_one(workspace: Workspace) -> None:
    (workspace.root / "a").mkdir()
    with pytest.raises(WorkspaceMissing) as wrong:
        Workspace.find(workspace.root / "a")
    assert "vaemusic init" in wrong.value.hint


def test_an_invalid_path_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises((FileUnreadable, WorkspaceMissing), match="loop"):  # Python 3.13 follows the circle no further
        Workspace.find(tmp_path / "loop")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    for asked in (None, Path("below")):
        with pytest.raises(FileUnreadable, match="no longer exists"):
            Workspace.find(asked)


def test_a_missing_artifact_names_the_command_that_makes_it(workspace: Workspace) -> None:
    with pytest.raises(ArtifactMissing) as wrong:
        workspace.require(DATASET)
    assert "vaemusic preprocess" in wrong.value.hint


def test_an_artifact_goes_stale_when_its_source_changes(workspace: Workspace) -> None:
    write_text(workspace.path(SELECTION), "one")
    workspace.record(SELECTION)
    write_text(workspace.path(DATASET), "data")
    workspace.record(DATASET)
    assert workspace.status(DATASET).state == "fresh"
    write_text(workspace.path(SELECTION), "two")
    status = workspace.status(DATASET)
    assert (status.state, status.why) == ("stale", "selection changed since")


def test_a_failed_write_keeps_the_old_file_and_leaves_no_half(workspace: Workspace) -> None:
    path = workspace.root / "kept.txt"
    write_text(path, "old")
    with pytest.raises(ValueError, match="stop"), writing(path) as part:
        part.write_text("half")
        raise ValueError("stop")
    assert path.read_text() == "old"
    assert sorted(p.name for p in workspace.root.iterdir()) == ["kept.txt", CONFIG_FILE]


def test_a_full_disk_is_one_message_with_a_hint(workspace: Workspace) -> None:
    path = workspace.root / "kept.txt"
    write_text(path, "old")
    with pytest.raises(FileUnwritable) as wrong, writing(path):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "Make room" in wrong.value.hint
    assert path.read_text() == "old"


def test_a_folder_where_a_file_stands_is_refused(workspace: Workspace) -> None:
    write_text(workspace.root / "file", "x")
    with pytest.raises(FileUnwritable, match="Cannot write"):
        write_text(workspace.root / "file" / "below.txt", "y")


def test_two_runs_at_once_in_one_workspace_are_refused(workspace: Workspace) -> None:
    with workspace.lock(), pytest.raises(WorkspaceBusy, match="Another vaemusic run"), workspace.lock():
        pass
    with workspace.lock():
        pass
