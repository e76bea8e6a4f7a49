"""A training run of the arranger: networks in order, resumed to the same bits, in one process or several."""

import shutil
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from pianoroll_vae.config import TrainSettings
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.errors import ArtifactStale, SettingInvalid
from pianoroll_vae.models.model import KINDS
from pianoroll_vae.models.training.checkpoint import load_trained
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages import history, status
from pianoroll_vae.stages.train import TrainOptions, TrainReport, run
from pianoroll_vae.workspace import BAR_VAE, CONDITIONAL, DATASET, MELODY, VAE, Workspace
from tests.arranger_dataset import arranger_dataset_workspace
from tests.conftest import Vaemusic
from tests.small_arranger import SMALL_ARRANGER
from tests.thesis_dataset import SMALL, thesis_dataset
from tests.training_process import kill_training, train_in_two_processes

TWICE = TrainSettings(device="cpu", epochs=2)
EXACT = TrainOptions(precision="float32", learning_rate=5e-5)
"""At the recipe's rate Muon makes more of the last digits of a sum than two processes can be compared by."""
EVERYTHING = (VAE, MELODY, CONDITIONAL, BAR_VAE)


def train_workspace(
    workspace: Workspace, order: TrainOptions = EXACT, settings: TrainSettings = TWICE, watch: SilentWatch | None = None
) -> TrainReport:
    return run(workspace, order, settings, SMALL_ARRANGER, watch or SilentWatch())


class Run(NamedTuple):
    """A training run, in one process."""

    workspace: Workspace
    report: TrainReport
    watch: SilentWatch


def dataset_workspace(root: Path) -> Workspace:
    """Without a guitar."""
    return arranger_dataset_workspace(root, songs=6, bars=8, silent=(1,))


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    workspace, watch = dataset_workspace(tmp_path_factory.mktemp("straight")), SilentWatch()
    return Run(workspace, train_workspace(workspace, watch=watch), watch)


@pytest.fixture(scope="module")
def straight(whole_run: Run) -> Workspace:
    """A workspace trained in one run, in one process."""
    return whole_run.workspace


def test_all_networks_are_trained_in_order(whole_run: Run) -> None:
    workspace, report, watch = whole_run
    assert [(out.network, out.instrument) for out in report.outcomes] == [
        ("vae", "band"),
        ("melody", "piano"),
        ("conditional", "followers"),
        ("bar_vae", "band"),
    ]
    assert "guitar never plays in the training songs: its VAE learns silence" in watch.notices
    assert load_ensemble(workspace).recipe == SMALL_ARRANGER
    assert all(workspace.status(artifact).state == "fresh" for artifact in EVERYTHING)
    again = SilentWatch()
    train_workspace(workspace, watch=again)
    assert not again.epochs


@pytest.fixture
def trained(straight: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it, to change."""
    return Workspace(Path(shutil.copytree(straight.root, tmp_path / "trained")))


def test_priors_are_trained_again_after_the_vae(trained: Workspace) -> None:
    workspace = trained
    train_workspace(workspace, replace(EXACT, kinds=("vae",)), replace(TWICE, seed=7))
    with pytest.raises(ArtifactStale, match="was trained on another VAE"):
        load_ensemble(workspace)
    watch = SilentWatch()
    train_workspace(workspace, watch=watch)
    assert {record["stage"] for record in watch.epochs} == {"melody", "conditional"}
    load_ensemble(workspace)


def test_another_recipe_never_replaces_a_trained_model_unasked(trained: Workspace) -> None:
    """It can be trained beside it, under a name, and both play."""
    workspace, settings = trained, replace(TWICE, epochs=1)
    before = {artifact: workspace.fingerprint(artifact) for artifact in EVERYTHING}
    other = replace(SMALL_ARRANGER, name="other", latent_size=SMALL_ARRANGER.latent_size * 2)
    with pytest.raises(SettingInvalid) as caught:
        run(workspace, EXACT, settings, other, SilentWatch())
    assert f"a trained vae of the recipe '{SMALL_ARRANGER.name}' (band)" in caught.value.message
    assert "--name other" in caught.value.hint
    named = workspace.of_model("second")
    run(named, EXACT, settings, other, SilentWatch())
    assert {artifact: workspace.fingerprint(artifact) for artifact in EVERYTHING} == before
    assert load_ensemble(workspace).recipe == SMALL_ARRANGER
    assert load_ensemble(named).recipe == other
    assert all(named.status(artifact).state == "fresh" for artifact in EVERYTHING)
    assert workspace.models() == ("second",)
    names = {line.name for line in status.run(workspace).lines if "/" in line.name}
    assert names == {f"second/{kind}" for kind in KINDS}
    assert history.run(named, None).networks
    run(workspace, replace(EXACT, kinds=("vae",), restart=True), settings, other, SilentWatch())
    with pytest.raises(ArtifactStale, match="another VAE"):
        load_ensemble(workspace)


@pytest.mark.parametrize("name", ["vae", "Big", "../x", ""])
def test_a_model_cannot_have_any_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid, match="cannot be named") as caught:
        Workspace(tmp_path).of_model(name)
    assert "small letters" in caught.value.hint


def test_a_model_that_is_not_there_is_refused_with_those_that_are(vaemusic: Vaemusic, tmp_path: Path) -> None:
    vaemusic("init", tmp_path)
    done = vaemusic("-w", tmp_path, "generate", "--model", "slow", "-o", tmp_path / "song.mid")
    assert done.status == 1
    assert "vaemusic train vae --name slow" in done.err


class Interrupted(SilentWatch):
    """Ctrl-C after the first epoch of a stage."""

    def epoch(self, record: Mapping[str, Any]) -> None:
        super().epoch(record)
        if record["epoch"] == 1:
            raise KeyboardInterrupt


def test_a_run_stopped_after_the_first_epoch_of_each_stage_resumes_to_the_same_bits(
    tmp_path: Path, straight: Workspace
) -> None:
    stopped = dataset_workspace(tmp_path)
    for before, stage in pairwise(("", *EXACT.kinds, "")):
        watch = Interrupted() if stage else SilentWatch()
        with pytest.raises(KeyboardInterrupt) if stage else nullcontext():
            train_workspace(stopped, watch=watch)
        assert not before or f"{before}: continues after epoch 1 of 2" in watch.notices
        assert not stage or f"{stage}: stopped; 1 epoch is kept" in watch.notices[-1]
    for artifact in EVERYTHING:
        assert stopped.path(artifact).read_bytes() == straight.path(artifact).read_bytes()


def test_a_run_killed_at_any_moment_resumes_to_the_same_bits(tmp_path: Path, straight: Workspace) -> None:
    killed = dataset_workspace(tmp_path)
    first, later = 1, 5  # of 8: while the VAE is trained, and the second prior
    assert kill_training(killed, EXACT, TWICE, SMALL_ARRANGER, first), "training ended before it was killed"
    kill_training(killed, EXACT, TWICE, SMALL_ARRANGER, later)
    train_workspace(killed)
    for artifact in EVERYTHING:
        assert killed.path(artifact).read_bytes() == straight.path(artifact).read_bytes()


def test_one_instrument_alone_is_not_trained(tmp_path: Path, vaemusic: Vaemusic) -> None:
    arranger_dataset_workspace(tmp_path)
    with pytest.raises(SettingInvalid, match="share their networks, so they are trained together") as caught:
        train_workspace(Workspace.find(tmp_path), replace(EXACT, instruments=("bass",)))
    assert "--instrument" in caught.value.hint
    done = vaemusic("-w", tmp_path, "train", "vae", "--recipe", "arranger", "--instrument", "bass", "--epochs", "1")
    assert done.status == 1
    assert "they are trained together" in " ".join(done.err.split())


def test_a_dataset_of_another_grid_is_refused(tmp_path: Path) -> None:
    workspace = arranger_dataset_workspace(tmp_path)
    thesis_dataset(workspace.path(DATASET))
    with pytest.raises(SettingInvalid, match="learns from 12 steps a beat; this dataset has 2") as caught:
        train_workspace(workspace)
    assert caught.value.hint == "Make it again: vaemusic preprocess"


def test_two_processes_train_as_one_does(tmp_path: Path, straight: Workspace) -> None:
    together = dataset_workspace(tmp_path)
    train_in_two_processes(together, EXACT, TWICE, SMALL_ARRANGER)
    for part, kind in zip(EVERYTHING, EXACT.kinds, strict=True):
        one, two = (load_trained(workspace.path(part), kind, "") for workspace in (straight, together))
        torch.testing.assert_close(two.weights.flat, one.weights.flat, rtol=1e-3, atol=1e-4)
    assert len(together.metrics.read_text().splitlines()) == len(straight.metrics.read_text().splitlines())


def test_a_vae_of_another_recipe_is_refused(trained: Workspace) -> None:
    trained.path(MELODY).unlink()
    other = replace(SMALL_ARRANGER, latent_size=5)
    with pytest.raises(ArtifactStale, match="of another recipe"):
        run(trained, replace(EXACT, kinds=("melody",)), TWICE, other, SilentWatch())
    assert load_trained(trained.path(VAE), "vae", "").recipe == SMALL_ARRANGER != SMALL
