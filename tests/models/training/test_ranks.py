"""Several processes compute what one does: noise and order belong to samples, gradients are summed."""

from pathlib import Path

import torch

from pianoroll_vae.config import TrainSettings
from pianoroll_vae.models.training.checkpoint import load_trained
from pianoroll_vae.models.training.ranks import Ranks, joined
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages.train import TrainOptions, run
from pianoroll_vae.workspace import MELODY, VAE
from tests.conftest import Vaemusic
from tests.thesis_dataset import SMALL, small_recipe_file, thesis_dataset_workspace
from tests.training_process import run_torchrun, train_in_two_processes

ORDER = TrainOptions(("vae", "melody"), precision="float32")
SETTINGS = TrainSettings(device="cpu", epochs=2, batch_size=7)


def test_without_torchrun_there_is_one_rank() -> None:
    with joined(torch.device("cpu")) as ranks:
        assert ranks == Ranks(0, 1)
        assert ranks.first


def test_two_processes_train_the_weights_that_one_does_and_one_writes(tmp_path: Path) -> None:
    alone, together = thesis_dataset_workspace(tmp_path / "alone"), thesis_dataset_workspace(tmp_path / "together")
    run(alone, ORDER, SETTINGS, SMALL, SilentWatch())
    train_in_two_processes(together, ORDER, SETTINGS, SMALL)
    one, two = (load_trained(one.path(VAE), "vae", "") for one in (alone, together))
    torch.testing.assert_close(two.weights.flat, one.weights.flat, rtol=1e-3, atol=1e-5)
    assert len(together.metrics.read_text().splitlines()) == len(alone.metrics.read_text().splitlines())
    assert together.path(MELODY).is_file()


def test_torchrun_trains_the_weights_that_one_process_does(tmp_path: Path, vaemusic: Vaemusic) -> None:
    alone, together = (thesis_dataset_workspace(tmp_path / name, songs=4, segments=2) for name in ("alone", "together"))
    settings = ("--epochs", "2", "--batch-size", "5", "--precision", "float32", "--device", "cpu")
    [recipe, _] = [small_recipe_file(workspace.root) for workspace in (alone, together)]
    wish = ("train", "vae", "--recipe", recipe, "-i", "piano", "-i", "drums", *settings)
    assert vaemusic("-w", alone.root, *wish).status == 0
    start = ("--nproc-per-node", "2", "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0")
    assert run_torchrun(start, "pianoroll_vae", ("-w", str(together.root), *wish)) == 0
    one, two = (load_trained(one.path(VAE), "vae", "") for one in (alone, together))
    assert two.weights.instruments == one.weights.instruments
    apart = (two.weights.flat - one.weights.flat).abs()
    assert float((apart > 1e-5).float().mean()) < 1e-5, "float tolerance"
    assert float(apart.max()) < 1e-3, "where a gradient is next to nothing, rounding decides a step of Adam"
    assert len(together.metrics.read_text().splitlines()) == 2 * len(one.weights.instruments), "one process writes"
