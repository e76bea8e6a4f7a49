"""A workspace is found, locked and never made anew; stale artifacts are detected."""

import shutil
from pathlib import Path

import pytest

from pianoroll_vae.atomic_files import write_text, writing
from pianoroll_vae.errors import ArtifactMissing, FileUnreadable, WorkspaceBusy, WorkspaceMissing
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
)
from tests.killed_runs import killed_while_writing


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


def test_two_runs_at_once_in_one_workspace_are_refused(workspace: Workspace) -> None:
    with workspace.lock(), pytest.raises(WorkspaceBusy, match="Another vaemusic run"), workspace.lock():
        pass
    with workspace.lock():
        pass


@pytest.mark.parametrize("artifact", [*ARTIFACTS, GROOVE, ATTRIBUTES], ids=lambda artifact: artifact.name)
def test_what_a_killed_run_leaves_of_an_artifact_is_swept(workspace: Workspace, artifact: Artifact) -> None:
    for model in (workspace, workspace.of_model("rock")):
        killed_while_writing(model.path(artifact))
        killed_while_writing(model.path(artifact).with_name("last.safetensors"))
    with workspace.lock():
        assert not list(workspace.root.rglob("*.part*"))


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
