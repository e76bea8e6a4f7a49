"""`status` lists the artifacts that a workspace's recipe has."""

import shutil
from pathlib import Path

import pytest

from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.errors import NothingFound
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages import history, status
from pianoroll_vae.workspace import DATASET, MELODY, SELECTION, VAE
from tests.arranger_dataset import arranger_dataset_workspace
from tests.small_arranger import small_arranger_workspace
from tests.small_thesis import small_thesis_workspace


def test_only_the_arranger_has_a_bar_vae(tmp_path: Path) -> None:
    thesis, arranger = small_thesis_workspace(tmp_path / "a"), small_arranger_workspace(tmp_path / "b")
    assert "bar_vae" not in [line.name for line in status.run(thesis).lines]
    assert "bar_vae" in [line.name for line in status.run(arranger).lines]
    assert status.run(thesis).next_command == "vaemusic filter --genre blues,rock"


def test_where_only_a_model_with_a_name_is_trained_the_next_command_plays_it(tmp_path: Path) -> None:
    trained = small_thesis_workspace(tmp_path / "thesis")
    workspace = arranger_dataset_workspace(tmp_path / "here")
    workspace.path(SELECTION).write_text("")
    workspace.record(DATASET, workspace.source_fingerprints(DATASET))
    (workspace.root / "models").mkdir()
    (trained.root / "models").rename(workspace.root / "models" / "mine")
    report = status.run(workspace)
    assert {line.state for line in report.lines if line.name in ("vae", "melody")} == {"missing"}
    assert report.next_command == "vaemusic generate --model mine --steps 40 --noise 1.0 -o song.mid"
    begun = workspace.root / "models" / "begun" / "vae"
    begun.mkdir(parents=True)
    (begun / "best.safetensors").write_bytes(workspace.of_model("mine").path(VAE).read_bytes())
    assert status.run(workspace).next_command == report.next_command, "one that lacks networks cannot play"
    workspace.of_model("mine").path(MELODY).unlink()
    assert status.run(workspace).next_command == "vaemusic train melody --name begun"
    shutil.rmtree(workspace.root / "models" / "begun")
    with pytest.raises(NothingFound) as caught:
        history.run(workspace, None)
    assert caught.value.hint == "Run: vaemusic history --model mine"
    watch = SilentWatch()
    load_ensemble(workspace, watch)
    assert watch.notices[0].startswith("without --model mine, using the bundled model")
