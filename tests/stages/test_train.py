"""Training: missing and stale networks are trained, others are kept, and an interrupted run is resumed."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pianoroll_vae.config import TrainSettings
from pianoroll_vae.errors import ArtifactMissing, ArtifactStale, FileUnwritable, SettingInvalid, WorkspaceMissing
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.models.model_files import load_band
from pianoroll_vae.models.recipe import recipe_from_json
from pianoroll_vae.models.training.checkpoint import Trained, load_trained
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages.train import TrainOptions, TrainReport, run
from pianoroll_vae.workspace import CONDITIONAL, DATASET, MELODY, VAE, Workspace
from tests.conftest import Vaemusic
from tests.full_disk import limit_file_size
from tests.thesis_dataset import SMALL, small_recipe_file, thesis_dataset, thesis_dataset_workspace
from tests.training_process import kill_training

ONCE = TrainSettings(device="cpu", epochs=1)
EXACT = TrainOptions(precision="float32")


def train(
    workspace: Workspace, order: TrainOptions = EXACT, settings: TrainSettings = ONCE, watch: SilentWatch | None = None
) -> TrainReport:
    return run(workspace, order, settings, SMALL, watch or SilentWatch())


def trained_vae(workspace: Workspace) -> Trained:
    return load_trained(workspace.path(VAE), "vae", "")


def load(workspace: Workspace) -> Ensemble:
    return load_band(*(workspace.path(artifact) for artifact in (VAE, MELODY, CONDITIONAL)))


@pytest.fixture(scope="module")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, TrainReport]:
    """A workspace whose networks were trained for an epoch; tests change copies of it."""
    workspace = thesis_dataset_workspace(tmp_path_factory.mktemp("trained"))
    return workspace, train(workspace)


@pytest.fixture
def workspace(trained_once: tuple[Workspace, TrainReport], tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(trained_once[0].root, tmp_path / "trained")))


def test_all_networks_are_trained_in_order_and_can_be_played(trained_once: tuple[Workspace, TrainReport]) -> None:
    workspace, report = trained_once
    assert [(out.network, out.instrument) for out in report.outcomes][:6] == [
        *(("vae", name) for name in ("piano", "guitar", "bass", "strings", "drums")),
        ("melody", "piano"),
    ]
    assert load(workspace).recipe == SMALL
    assert all(workspace.status(artifact).state == "fresh" for artifact in (VAE, MELODY, CONDITIONAL))


def test_metrics_have_a_line_for_each_epoch_and_instrument_and_event_files_hold_them(tmp_path: Path) -> None:
    workspace = thesis_dataset_workspace(tmp_path)
    train(workspace, replace(EXACT, kinds=("vae",), tensorboard=True), replace(ONCE, epochs=2))
    lines = [json.loads(line) for line in workspace.metrics.read_text().splitlines()]
    assert len(lines) == 10
    wanted = {"stage", "instrument", "epoch", "loss", "reconstruction", "kl", "f1", "rolls_per_second", "seconds"}
    assert all(wanted <= line.keys() for line in lines)
    for name in ("piano", "drums"):
        events = EventAccumulator(str(tmp_path / "tensorboard" / "small" / "vae" / name))
        events.Reload()
        for figure in ("loss", "kl", "f1"):
            told = [line[figure] for line in lines if line["instrument"] == name]
            assert [event.value for event in events.Scalars(figure)] == pytest.approx(told)
            assert [event.step for event in events.Scalars(figure)] == [1, 2]


def test_trained_networks_are_kept_and_more_epochs_resume(workspace: Workspace) -> None:
    before = {artifact.name: workspace.path(artifact).read_bytes() for artifact in (VAE, MELODY, CONDITIONAL)}
    watch = SilentWatch()
    train(workspace, watch=watch)
    assert {a.name: workspace.path(a).read_bytes() for a in (VAE, MELODY, CONDITIONAL)} == before
    assert "vae: already trained; --restart trains it again" in watch.notices
    watch = SilentWatch()
    train(workspace, settings=replace(ONCE, epochs=2), watch=watch)
    assert "vae: continues after epoch 1 of 2" in watch.notices


@pytest.mark.parametrize(
    ("order", "settings"),
    [
        (EXACT, replace(ONCE, seed=7)),
        (replace(EXACT, precision="bfloat16"), ONCE),
        (replace(EXACT, learning_rate=1e-3), ONCE),
        (EXACT, replace(ONCE, batch_size=5)),
    ],
    ids=["seed", "precision", "rate", "batch"],
)
def test_other_settings_train_the_networks_again(
    workspace: Workspace, order: TrainOptions, settings: TrainSettings
) -> None:
    before = trained_vae(workspace).header.fingerprints
    watch = SilentWatch()
    train(workspace, replace(order, kinds=("vae",)), settings, watch)
    after = trained_vae(workspace).header.fingerprints
    assert len(watch.epochs) == 5, "from its first epoch, not from where the other run ended"
    assert sum("this replaces a network of 1 epoch" in notice for notice in watch.notices) == 5
    assert all(before[name] != after[name] for name in before)
    for again in (order, TrainOptions()):  # the same settings, then none named: both match
        watch = SilentWatch()
        run(workspace, replace(again, kinds=("vae",)), replace(settings, epochs=1), SMALL, watch)
        settings = ONCE
        assert not watch.epochs


def test_training_one_instrument_keeps_the_others(workspace: Workspace) -> None:
    before = trained_vae(workspace)
    order = TrainOptions(("vae",), ("guitar",), precision="float32", restart=True)
    train(workspace, order, replace(ONCE, seed=7))
    after = trained_vae(workspace)
    changed = [
        name
        for name in after.weights.instruments
        if after.header.fingerprints[name] != before.header.fingerprints[name]
    ]
    assert after.weights.instruments == before.weights.instruments
    assert changed == ["guitar"]


def test_kinds_without_a_network_for_the_instrument_are_passed_over(tmp_path: Path) -> None:
    report = train(thesis_dataset_workspace(tmp_path), replace(EXACT, kinds=("vae", "melody"), instruments=("bass",)))
    assert [(out.network, out.instrument) for out in report.outcomes] == [("vae", "bass")]


def test_latent_networks_of_a_retrained_vae_are_trained_again(workspace: Workspace) -> None:
    train(workspace, TrainOptions(("vae",), ("guitar",), precision="float32", restart=True), replace(ONCE, seed=7))
    with pytest.raises(ArtifactStale, match="was trained on another VAE"):
        load(workspace)
    watch = SilentWatch()
    train(workspace, watch=watch)
    assert "melody: already trained; --restart trains it again" in watch.notices  # the piano's VAE is the same
    retrained = [record["instrument"] for record in watch.epochs]
    assert retrained == ["guitar"]
    load(workspace)


def test_another_dataset_makes_all_networks_stale(workspace: Workspace) -> None:
    thesis_dataset(workspace.path(DATASET), songs=10)
    with pytest.raises(ArtifactStale) as caught:
        train(workspace, replace(EXACT, kinds=("melody",)))
    assert caught.value.hint == "Run: vaemusic train vae"
    watch = SilentWatch()
    train(workspace, watch=watch)
    assert len(watch.epochs) == 10


def test_latents_need_a_vae(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing) as caught:
        train(thesis_dataset_workspace(tmp_path), replace(EXACT, kinds=("melody",)))
    assert caught.value.hint == "Run: vaemusic train vae"


def test_a_truncated_model_is_trained_again(workspace: Workspace) -> None:
    order = replace(EXACT, kinds=("vae",))
    workspace.path(VAE).write_bytes(workspace.path(VAE).read_bytes()[:-100])
    watch = SilentWatch()
    train(workspace, order, watch=watch)
    assert any("damaged" in notice and "trained again" in notice for notice in watch.notices)
    assert trained_vae(workspace)


def test_early_stopping_is_recorded_as_the_reason(tmp_path: Path) -> None:
    workspace = thesis_dataset_workspace(tmp_path)
    order = replace(EXACT, kinds=("vae",), instruments=("piano",), learning_rate=1e-12)
    report = train(workspace, order, TrainSettings(device="cpu", epochs=50, patience=1))
    assert report.outcomes[0].ended == "no better held-out loss for 1 epoch"
    assert load_trained(workspace.path(VAE), "vae", "").header.progress["piano"].ended == report.outcomes[0].ended


def test_an_instrument_that_never_plays_is_noticed(tmp_path: Path) -> None:
    watch = SilentWatch()
    train(thesis_dataset_workspace(tmp_path, silent=("strings",)), watch=watch)
    assert "strings never plays in the training songs: its VAE learns silence" in watch.notices


class InterruptsSecondEpoch(SilentWatch):
    """Presses Ctrl-C when the second epoch is done."""

    def epoch(self, record: Mapping[str, Any]) -> None:
        super().epoch(record)
        if record["epoch"] == 2 and record["instrument"] == "drums":
            raise KeyboardInterrupt


def test_after_ctrl_c_the_next_run_resumes(tmp_path: Path) -> None:
    workspace = thesis_dataset_workspace(tmp_path)
    order, settings = replace(EXACT, kinds=("vae",)), replace(ONCE, epochs=4)
    watch: SilentWatch = InterruptsSecondEpoch()
    with pytest.raises(KeyboardInterrupt):
        train(workspace, order, settings, watch)
    assert "stopped; 2 epochs are kept, the same command continues from there" in watch.notices[-1]
    assert trained_vae(workspace).weights.instruments
    watch = SilentWatch()
    train(workspace, order, settings, watch)
    assert "vae: continues after epoch 2 of 4" in watch.notices


def test_a_killed_run_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    settings = replace(ONCE, epochs=6)
    left_alone, killed = thesis_dataset_workspace(tmp_path / "a"), thesis_dataset_workspace(tmp_path / "b")
    train(left_alone, settings=settings)
    first, later = 5, 35  # of 60: while the VAEs are trained, and the latent networks
    assert kill_training(killed, EXACT, settings, SMALL, first), "training ended before it was killed"
    kill_training(killed, EXACT, settings, SMALL, later)
    train(killed, settings=settings)
    for artifact in (VAE, MELODY, CONDITIONAL):
        assert killed.path(artifact).read_bytes() == left_alone.path(artifact).read_bytes()


def test_a_full_disk_keeps_the_last_good_checkpoint(workspace: Workspace) -> None:
    order = replace(EXACT, kinds=("vae",))
    before = workspace.path(VAE).read_bytes()
    with limit_file_size(len(before) // 2), pytest.raises(FileUnwritable) as caught:
        train(workspace, order, replace(ONCE, epochs=3))
    assert caught.value.hint
    assert workspace.path(VAE).read_bytes() == before
    assert not list(workspace.path(VAE).parent.glob(".*"))


def test_an_unwritable_model_folder_is_refused(tmp_path: Path) -> None:
    workspace = thesis_dataset_workspace(tmp_path)
    (tmp_path / "models").write_text("in the way")
    with pytest.raises(FileUnwritable):
        train(workspace, replace(EXACT, kinds=("vae",)))


@pytest.mark.parametrize(
    ("order", "settings", "message"),
    [
        (EXACT, TrainSettings(epochs=0), "epochs is 0"),
        (EXACT, TrainSettings(batch_size=-1), "batch_size is -1"),
        (replace(EXACT, learning_rate=0.0), ONCE, "learning rate is 0.0"),
        (replace(EXACT, precision="float8"), ONCE, "no precision 'float8'"),
        (replace(EXACT, instruments=("kazoo",)), ONCE, "no instrument 'kazoo'"),
        (replace(EXACT, kinds=("melody",), instruments=("bass",)), ONCE, "no melody network for bass"),
    ],
)
def test_invalid_settings_are_refused_with_a_hint(
    tmp_path: Path, order: TrainOptions, settings: TrainSettings, message: str
) -> None:
    with pytest.raises(SettingInvalid, match=message) as caught:
        train(thesis_dataset_workspace(tmp_path), order, settings)
    assert caught.value.hint


def test_segments_that_do_not_fit_the_kernels_are_refused() -> None:
    with pytest.raises(SettingInvalid, match="cannot be trained on segments of 20 steps") as caught:
        SMALL.on_grid(2, 20, True)
    assert "vaemusic preprocess" in caught.value.hint
    assert SMALL.on_grid(4, 64, True).vae.kernels[-1] == (4, 8)


def test_a_recipe_takes_the_rounding_of_its_dataset() -> None:
    assert SMALL.on_grid(2, 32, True) is SMALL
    nearest = SMALL.on_grid(2, 32, True, "nearest")
    assert nearest.grid.rounding == "nearest"
    assert recipe_from_json(nearest.to_json()) == nearest
    assert SMALL.on_grid(4, 64, True, "nearest").grid.rounding == "nearest"


def test_the_command_reports_the_networks_it_trained(tmp_path: Path, vaemusic: Vaemusic) -> None:
    thesis_dataset_workspace(tmp_path, songs=3, segments=2)
    wish = ("train", "vae", "--recipe", small_recipe_file(tmp_path), "-i", "drums", "--epochs", "1", "--json")
    done = vaemusic("-w", tmp_path, *wish)
    assert done.status == 0, done.err
    assert [network["instrument"] for network in json.loads(done.out)["networks"]] == ["drums"]
    assert "device cpu" in done.err
    assert vaemusic("-w", tmp_path, "train", "voices").status == 2


def test_an_epoch_that_was_trained_twice_has_its_metrics_once(tmp_path: Path) -> None:
    workspace = thesis_dataset_workspace(tmp_path, songs=3, segments=1)
    order = replace(EXACT, kinds=("vae",), instruments=("piano",))
    last = workspace.path(VAE).with_name("last.safetensors")
    train(workspace, order, replace(ONCE, epochs=1))
    kept = last.read_bytes()
    train(workspace, order, replace(ONCE, epochs=2))
    last.write_bytes(kept)  # as if it had been killed after the metrics of epoch 2
    with workspace.metrics.open("a") as metrics:
        metrics.write('{"stage": "vae", "inst')  # or in the midst of them
    workspace.path(VAE).unlink()
    train(workspace, order, replace(ONCE, epochs=3))
    assert [json.loads(line)["epoch"] for line in workspace.metrics.read_text().splitlines()] == [1, 2, 3]


def test_a_dataset_that_is_replaced_during_training_is_not_what_the_vae_was_trained_on(tmp_path: Path) -> None:
    workspace, other = thesis_dataset_workspace(tmp_path / "a"), thesis_dataset_workspace(tmp_path / "b", songs=10)

    class Replacing(SilentWatch):
        def epoch(self, record: Mapping[str, Any]) -> None:
            shutil.copyfile(other.path(DATASET), tmp_path / "new.h5")
            (tmp_path / "new.h5").replace(workspace.path(DATASET))

    run(workspace, replace(EXACT, kinds=("vae",)), replace(ONCE, epochs=1), SMALL, Replacing())
    assert workspace.status(VAE).state == "stale"


def test_a_workspace_that_is_removed_during_training_does_not_reappear(tmp_path: Path) -> None:
    workspace = thesis_dataset_workspace(tmp_path / "a")

    class Removing(SilentWatch):
        def epoch(self, record: Mapping[str, Any]) -> None:
            shutil.rmtree(workspace.root, ignore_errors=True)

    with pytest.raises(WorkspaceMissing, match="was removed while"):
        run(workspace, replace(EXACT, kinds=("vae",)), replace(ONCE, epochs=3), SMALL, Removing())
    assert not workspace.root.exists()
