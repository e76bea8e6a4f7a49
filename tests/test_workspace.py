"""Artifacts are written atomically, and stale ones are detected."""

import errno
import shutil
from pathlib import Path

import pytest

from pianoroll_vae.errors import ArtifactMissing, FileUnreadable, FileUnwritable, WorkspaceBusy, WorkspaceMissing
from pianoroll_vae.workspace import (
    ARTIFACTS,
    ATTRIBUTES,
    CONFIG_FILE,
    DATASET,
    GROOVE,
    SELECTION,
    VAE,
    Artifact,
    Workspace,
    remove_parts,
    write_text,
    writing,
)


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
    workspace.record(SELECTION, {})
    write_text(workspace.path(DATASET), "data")
    workspace.record(DATASET, workspace.source_fingerprints(DATASET))
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
    with pytest.raises(FileUnwritable, match="Cannot write") as wrong:
        write_text(workspace.root / "file" / "below.txt", "y")
    assert "A file is where a folder is needed" in wrong.value.hint


def test_two_runs_at_once_in_one_workspace_are_refused(workspace: Workspace) -> None:
    with workspace.lock(), pytest.raises(WorkspaceBusy, match="Another vaemusic run"), workspace.lock():
        pass
    with workspace.lock():
        pass


def killed_while_writing(path: Path) -> None:
    """What a process leaves that is killed while it writes `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / f".{path.name}.k1ll3d.part{path.suffix}").write_text("half")


@pytest.mark.parametrize("artifact", [*ARTIFACTS, GROOVE, ATTRIBUTES], ids=lambda artifact: artifact.name)
def test_what_a_killed_run_leaves_of_an_artifact_is_swept(workspace: Workspace, artifact: Artifact) -> None:
    for model in (workspace, workspace.of_model("rock")):
        killed_while_writing(model.path(artifact))
        killed_while_writing(model.path(artifact).with_name("last.safetensors"))
    with workspace.lock():
        assert not list(workspace.root.rglob("*.part*"))


@pytest.mark.parametrize("name", ["reports/filter.csv", ".vaemusic/artifacts.json", CONFIG_FILE, "song.mid", "[1].mid"])
def test_what_a_killed_run_leaves_of_any_file_is_swept_when_it_is_written_again(
    workspace: Workspace, name: str
) -> None:
    killed_while_writing(workspace.root / name)
    write_text(workspace.root / name, "whole")
    assert not list(workspace.root.rglob("*.part*"))


def test_a_process_that_ends_at_once_removes_what_it_writes(workspace: Workspace) -> None:
    with pytest.raises(FileUnwritable, match="Cannot write"), writing(workspace.path(DATASET)) as part:
        part.write_text("half")
        remove_parts()
        assert not part.exists()
    remove_parts()


def test_a_file_that_is_being_written_is_not_swept(workspace: Workspace) -> None:
    with writing(workspace.path(DATASET)) as part:
        part.write_text("half")
        with workspace.lock():
            pass
        write_text(workspace.path(DATASET), "another")
        assert part.read_text() == "half"
    assert workspace.path(DATASET).read_text() == "half"


def test_a_workspace_that_was_removed_is_not_made_anew(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceMissing, match="was removed while") as wrong, workspace.lock():
        shutil.rmtree(workspace.root)
        write_text(workspace.path(VAE), "weights")
    assert "vaemusic init" in wrong.value.hint
    assert not workspace.root.exists()


def test_a_source_that_is_replaced_during_the_work_makes_the_artifact_stale(workspace: Workspace) -> None:
    write_text(workspace.path(SELECTION), "one")
    opened = workspace.source_fingerprints(DATASET)
    write_text(workspace.path(SELECTION), "two")
    write_text(workspace.path(DATASET), "data of one")
    workspace.record(DATASET, opened)
    assert workspace.status(DATASET).state == "stale"


@pytest.mark.parametrize(
    "records",
    ["[" * 100_000, "[]", '{"dataset": []}', '{"dataset": {"made_from": [1]}}', '{"dataset": {"made_at": "x"}}'],
)
def test_records_that_are_none_count_as_no_records(workspace: Workspace, records: str) -> None:
    write_text(workspace.path(DATASET), "data")
    write_text(workspace.root / ".vaemusic" / "artifacts.json", records)
    assert workspace.status(DATASET).state == "fresh"
