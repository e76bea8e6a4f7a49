"""The arranger's networks are trained: held-out losses fall, a seed gives the same weights, resumed runs too."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pianoroll_vae.config import TrainSettings
from pianoroll_vae.console import SilentWatch
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.errors import ArtifactStale, NothingFound, SettingInvalid
from pianoroll_vae.models.arranger.parameters import WROTE_NEW
from pianoroll_vae.models.arranger.tokens import MEMORY_BARS, NEW, REPEAT, REST, tokenize, writing_order
from pianoroll_vae.models.arranger.train.bar_windows import bars_before, cut_bar_windows, repeat_distance
from pianoroll_vae.models.arranger.train.trainer import ArrangerTrainer
from pianoroll_vae.models.arranger.train.training_data import ArrangerTrainingData
from pianoroll_vae.models.arranger.train.windows import cut_windows
from pianoroll_vae.models.training.checkpoint import load_trained
from pianoroll_vae.models.training.loop import Progress, Trainer, train
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import SILENT
from pianoroll_vae.stages.train import TrainOptions, TrainReport, run
from pianoroll_vae.workspace import CONDITIONAL, DATASET, MELODY, VAE, Workspace
from tests.conftest import Vaemusic
from tests.models.arranger.practice import loop_dataset, loop_workspace
from tests.small_arranger import DRUMS, SMALL_ARRANGER, loops, small_arranger_weights, small_vae
from tests.training_songs import SMALL, practice_dataset

CPU = torch.device("cpu")
SETTINGS = TrainingSettings(4, 0.3, seed=1)
"""The learning rate is high because the warm-up takes more updates than these tests."""

EPOCHS = 6
TWICE = TrainSettings(device="cpu", epochs=2)
EXACT = TrainOptions(precision="float32")
EVERYTHING = (VAE, MELODY, CONDITIONAL)


def trainer(data: ArrangerTrainingData, kind: str, settings: TrainingSettings = SETTINGS) -> Trainer:
    if kind == "vae":
        return data.for_vae("band", settings, EPOCHS, CPU)
    row = LPD5.lead if kind == "melody" else "followers"
    return data.for_prior(kind, row, small_arranger_weights("vae"), settings, EPOCHS, CPU)


def ignore(samples: int) -> None:
    pass


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ArrangerTrainingData:
    return ArrangerTrainingData.of(loop_dataset(tmp_path_factory.mktemp("d") / "d.h5"), SMALL_ARRANGER)


def train_workspace(
    workspace: Workspace, order: TrainOptions = EXACT, settings: TrainSettings = TWICE, watch: SilentWatch | None = None
) -> TrainReport:
    return run(workspace, order, settings, SMALL_ARRANGER, watch or SilentWatch())


@pytest.mark.parametrize("kind", ["vae", "melody", "conditional"])
def test_the_held_out_loss_falls_and_all_samples_are_counted(data: ArrangerTrainingData, kind: str) -> None:
    subject = trainer(data, kind)
    counted: list[int] = []
    first = subject.validate()["valid_loss"][0]
    epochs = list(train(subject, Progress.fresh(subject), EPOCHS, None, counted.append))
    assert sum(counted) == EPOCHS * subject.samples_per_epoch
    assert epochs[-1].records[0]["valid_loss"] < 0.95 * first
    assert all(np.isfinite(value) for value in epochs[-1].records[0].values() if isinstance(value, float))
    assert f"{subject.unit}_per_second" in epochs[0].records[0]


@pytest.mark.parametrize("kind", ["vae", "melody", "conditional"])
def test_weights_follow_from_the_seed(data: ArrangerTrainingData, kind: str) -> None:
    found = []
    for settings in (SETTINGS, SETTINGS, replace(SETTINGS, seed=2)):
        subject = trainer(data, kind, settings)
        list(train(subject, Progress.fresh(subject), 2, None, ignore))
        found.append(torch.cat([weight.detach().flatten() for weight in subject.named_weights().values()]))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_validation_is_deterministic(data: ArrangerTrainingData) -> None:
    for kind in ("vae", "melody"):
        subject = trainer(data, kind)
        assert subject.validate() == subject.validate()


@pytest.mark.parametrize("kind", ["vae", "melody", "conditional"])
def test_all_tensors_of_the_loss_are_made_on_the_trainers_device(data: ArrangerTrainingData, kind: str) -> None:
    subject = trainer(data, kind)
    assert isinstance(subject, ArrangerTrainer)
    batch = subject.sample_batch(data.train, 4, np.random.default_rng(0), True)
    with torch.device("meta"):  # where a tensor is made without a device, which the next operation refuses
        loss, terms = subject.loss(batch, torch.Generator().manual_seed(0))
        gradients = torch.autograd.grad(loss, list(subject.network.parameters()), materialize_grads=True)
    assert {loss.device, terms.device, *(gradient.device for gradient in gradients)} == {CPU}


def test_batches_lie_on_the_trainers_device(data: ArrangerTrainingData) -> None:
    meta, starts, zeros = torch.device("meta"), np.array([0, 30]), np.zeros(2, np.int64)
    windows = cut_windows(data.train, data.train.first_token(starts), zeros + 10**6, 64, zeros, DRUMS).to(meta)
    bar_windows = cut_bar_windows(small_vae().encoder.to(meta), data.train, starts, 16, zeros, DRUMS, meta)
    for batch in (windows, bar_windows, windows.bars):
        assert {getattr(batch, field.name).device for field in fields(batch) if field.name != "bars"} == {meta}


def test_one_song_with_silent_instruments_can_be_trained_on(tmp_path: Path) -> None:
    dataset = loop_dataset(tmp_path / "d.h5", songs=1, bars=4, silent=(1, 3))
    alone = ArrangerTrainingData.of(dataset, SMALL_ARRANGER)
    assert alone.silent_instruments(("band",)) == ["guitar", "strings"]
    for kind in ("vae", "melody", "conditional"):
        subject = trainer(alone, kind)
        epochs = list(train(subject, Progress.fresh(subject), 2, None, ignore))
        assert np.isfinite(epochs[-1].records[0]["loss"])


def test_songs_without_notes_can_be_trained_on(tmp_path: Path) -> None:
    silence = ArrangerTrainingData.of(loop_dataset(tmp_path / "d.h5", songs=3, silent=(0, 1, 2, 3, 4)), SMALL_ARRANGER)
    for kind in ("vae", "melody", "conditional"):
        subject = trainer(silence, kind)
        epochs = list(train(subject, Progress.fresh(subject), 2, None, ignore))
        assert np.isfinite(epochs[-1].records[0]["loss"])


def test_a_dataset_without_songs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="no training song") as caught:
        ArrangerTrainingData.of(loop_dataset(tmp_path / "d.h5", songs=0), SMALL_ARRANGER)
    assert "vaemusic filter" in caught.value.hint


def test_the_repeat_distance_is_to_where_a_bar_was_played_last() -> None:
    source = np.array([[[7], [SILENT], [7], [8], [7], [8], [SILENT]]])
    assert repeat_distance(source, 4)[0, :, 0].tolist() == [0, 0, 2, 0, 2, 2, 0]
    assert repeat_distance(source, 1)[0, :, 0].tolist() == [0] * 7


def test_the_bars_before_are_those_before_each_bar_the_latest_first() -> None:
    cells = torch.arange(MEMORY_BARS + 5)[None]
    found = bars_before(cells)
    assert found.shape == (1, 4, MEMORY_BARS)
    for bar in range(1, 5):
        here = MEMORY_BARS + bar
        assert found[0, bar - 1].tolist() == list(range(here - 1, here - 1 - MEMORY_BARS, -1))


def test_bar_windows_have_kinds_actions_and_embeddings_of_their_bars() -> None:
    songs = [loops(40, 1, kinds=2), loops(6, 2)]
    stream = tokenize(songs, writing_order(LPD5))
    batch = cut_bar_windows(
        small_vae().encoder, stream, np.array([20, 43]), 10, np.array([2, 0]), DRUMS, torch.device("cpu")
    )
    assert batch.in_song[0].tolist() == [bar >= 0 for bar in range(20 - MEMORY_BARS, 30)]
    assert batch.in_song[1].tolist() == [40 <= bar < 46 for bar in range(43 - MEMORY_BARS, 53)]
    played = stream.source.reshape(-1, 5)
    for place, bar in enumerate(range(20, 30)):
        at = MEMORY_BARS + place
        assert int(batch.bar[0, at]) == bar
        for instrument in range(5):
            cell = played[bar, instrument]
            kind = REST if cell == SILENT else NEW if cell == bar * 5 + instrument else REPEAT
            assert int(batch.kind[0, at, instrument]) == kind
            last = [
                back for back in range(1, MEMORY_BARS + 1) if bar >= back and played[bar - back, instrument] == cell
            ]
            assert (
                int(batch.action[0, at, instrument]) == {REST: 0, NEW: WROTE_NEW, REPEAT: last[0] if last else -1}[kind]
            )
            assert bool(batch.content[0, at, instrument].any()) == (kind != REST)
    outside = ~batch.in_song[1]
    assert not batch.content[1, outside].any()
    assert (batch.source[1, outside] == SILENT).all()


def test_all_networks_are_trained_in_order(tmp_path: Path) -> None:
    workspace, watch = loop_workspace(tmp_path, silent=(1,)), SilentWatch()
    report = train_workspace(workspace, watch=watch)
    assert [(out.network, out.instrument) for out in report.outcomes] == [
        ("vae", "band"),
        ("melody", "piano"),
        ("conditional", "followers"),
    ]
    assert "guitar never plays in the training songs: its VAE learns silence" in watch.notices
    assert load_ensemble(workspace).recipe == SMALL_ARRANGER
    assert all(workspace.status(artifact).state == "fresh" for artifact in EVERYTHING)
    again = SilentWatch()
    train_workspace(workspace, watch=again)
    assert not again.epochs


def test_priors_are_trained_again_after_the_vae(tmp_path: Path) -> None:
    workspace = loop_workspace(tmp_path)
    train_workspace(workspace)
    train_workspace(workspace, replace(EXACT, kinds=("vae",)), replace(TWICE, seed=7))
    with pytest.raises(ArtifactStale, match="was trained on another VAE"):
        load_ensemble(workspace)
    watch = SilentWatch()
    train_workspace(workspace, watch=watch)
    assert {record["stage"] for record in watch.epochs} == {"melody", "conditional"}
    load_ensemble(workspace)


class Interrupted(SilentWatch):
    """Ctrl-C after the first epoch of a stage."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self.stage = stage

    def epoch(self, record: Mapping[str, Any]) -> None:
        super().epoch(record)
        if record["stage"] == self.stage and record["epoch"] == 1:
            raise KeyboardInterrupt


@pytest.mark.parametrize("stage", ["vae", "melody", "conditional"])
def test_a_run_stopped_after_an_epoch_resumes_to_the_same_bits(tmp_path: Path, stage: str) -> None:
    straight, stopped = loop_workspace(tmp_path / "a"), loop_workspace(tmp_path / "b")
    train_workspace(straight)
    with pytest.raises(KeyboardInterrupt):
        train_workspace(stopped, watch=Interrupted(stage))
    watch = SilentWatch()
    train_workspace(stopped, watch=watch)
    assert f"{stage}: continues after epoch 1 of 2" in watch.notices
    for artifact in EVERYTHING:
        assert stopped.path(artifact).read_bytes() == straight.path(artifact).read_bytes()


def test_a_run_killed_at_any_moment_resumes_to_the_same_bits(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from pianoroll_vae.workspace import Workspace\n"
        "from tests.models.arranger.train.test_trainers import TWICE, replace, train_workspace\n"
        "train_workspace(Workspace(Path(sys.argv[1])), settings=replace(TWICE, epochs=5))\n"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program]
    left_alone, killed = loop_workspace(tmp_path / "a"), loop_workspace(tmp_path / "b")
    subprocess.run([*command, str(left_alone.root)], check=True, env=environment)
    killed_at = []
    for patience in (3, 8):
        child = subprocess.Popen([*command, str(killed.root)], env=environment)
        while child.poll() is None and _lines(killed.metrics) < patience:
            time.sleep(0.002)
        child.send_signal(signal.SIGKILL)
        child.wait()
        killed_at.append(_lines(killed.metrics))
    subprocess.run([*command, str(killed.root)], check=True, env=environment)
    assert killed_at[0] < 15, "it was never killed in the middle"
    for artifact in EVERYTHING:
        assert killed.path(artifact).read_bytes() == left_alone.path(artifact).read_bytes()


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_one_instrument_alone_is_not_trained(tmp_path: Path, vaemusic: Vaemusic) -> None:
    loop_workspace(tmp_path)
    with pytest.raises(SettingInvalid, match="hear each other, so they learn together") as caught:
        train_workspace(Workspace.find(tmp_path), replace(EXACT, instruments=("bass",)))
    assert "--instrument" in caught.value.hint
    done = vaemusic("-w", tmp_path, "train", "vae", "--recipe", "arranger", "--instrument", "bass", "--epochs", "1")
    assert done.status == 1
    assert "they learn together" in " ".join(done.err.split())


def test_a_dataset_of_another_grid_is_refused(tmp_path: Path) -> None:
    workspace = loop_workspace(tmp_path)
    practice_dataset(workspace.path(DATASET))
    with pytest.raises(SettingInvalid, match="learns from sixteenths; this dataset has 2 steps a beat") as caught:
        train_workspace(workspace)
    assert caught.value.hint == "Make it again: vaemusic preprocess"


def test_two_processes_train_as_one_does(tmp_path: Path) -> None:
    alone, together = loop_workspace(tmp_path / "alone"), loop_workspace(tmp_path / "together")
    train_workspace(alone)
    program = (
        "import sys; from pathlib import Path\n"
        "from pianoroll_vae.workspace import Workspace\n"
        "from tests.models.arranger.train.test_trainers import train_workspace\n"
        "train_workspace(Workspace(Path(sys.argv[1])))\n"
    )
    torchrun = (str(Path(sys.executable).with_name("torchrun")), "--nproc-per-node", "2", "--no-python")
    start = (*torchrun, "--rdzv-backend", "c10d", "--rdzv-endpoint", "localhost:0", sys.executable, "-c", program)
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*start, str(together.root)], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    for part, kind in zip(EVERYTHING, EXACT.kinds, strict=True):
        one, two = (load_trained(workspace.path(part), kind, "") for workspace in (alone, together))
        torch.testing.assert_close(two.weights.flat, one.weights.flat, rtol=1e-3, atol=1e-4)
    assert len(together.metrics.read_text().splitlines()) == len(alone.metrics.read_text().splitlines())


def test_a_vae_of_another_recipe_is_refused(tmp_path: Path) -> None:
    workspace = loop_workspace(tmp_path)
    train_workspace(workspace, replace(EXACT, kinds=("vae",)))
    other = replace(SMALL_ARRANGER, latent_size=5)
    with pytest.raises(ArtifactStale, match="of another recipe"):
        run(workspace, replace(EXACT, kinds=("melody",)), TWICE, other, SilentWatch())
    assert load_trained(workspace.path(VAE), "vae", "").recipe == SMALL_ARRANGER != SMALL
