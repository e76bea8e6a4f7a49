"""The band learns: its losses on held-out songs fall, a seed gives the same weights, a killed run ends in them too."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
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
from pianoroll_vae.models.arranger.train.prior_trainer import distances, memory_of, stretches
from pianoroll_vae.models.arranger.train.training_data import ArrangerTrainingData
from pianoroll_vae.models.training.checkpoint import load_trained
from pianoroll_vae.models.training.loop import Progress, Trainer, train
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.bars import SILENT
from pianoroll_vae.stages.train import TrainOptions, TrainReport, run
from pianoroll_vae.workspace import CONDITIONAL, DATASET, MELODY, VAE, Workspace
from tests.conftest import Vaemusic
from tests.models.arranger.practice import loop_dataset, loop_workspace
from tests.small_arranger import DRUMS, SMALL_ARRANGER, loops, small_arranger_weights
from tests.training_songs import SMALL, practice_dataset

CPU = torch.device("cpu")
PACE = TrainingSettings(4, 0.3, seed=1)
"""A rate that looks high: within so few updates it hardly begins to rise to it."""

EPOCHS = 6
TWICE = TrainSettings(device="cpu", epochs=2)
EXACT = TrainOptions(precision="float32")
EVERYTHING = (VAE, MELODY, CONDITIONAL)


def trainer(lessons: ArrangerTrainingData, kind: str, settings: TrainingSettings = PACE) -> Trainer:
    if kind == "vae":
        return lessons.for_vae("band", settings, EPOCHS, CPU)
    row = LPD5.lead if kind == "melody" else "followers"
    return lessons.for_prior(kind, row, small_arranger_weights("vae"), settings, EPOCHS, CPU)


def nobody(n: int) -> None:
    pass


@pytest.fixture(scope="module")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> ArrangerTrainingData:
    return ArrangerTrainingData.of(loop_dataset(tmp_path_factory.mktemp("d") / "d.h5"), SMALL_ARRANGER)


def train_workspace(
    workspace: Workspace, order: TrainOptions = EXACT, settings: TrainSettings = TWICE, watch: SilentWatch | None = None
) -> TrainReport:
    return run(workspace, order, settings, SMALL_ARRANGER, watch or SilentWatch())


@pytest.mark.parametrize("kind", ["vae", "melody", "conditional"])
def test_the_held_out_loss_falls_and_every_epoch_is_told(lessons: ArrangerTrainingData, kind: str) -> None:
    pupil = trainer(lessons, kind)
    counted: list[int] = []
    first = pupil.validate()["valid_loss"][0]
    epochs = list(train(pupil, Progress.fresh(pupil), EPOCHS, None, counted.append))
    assert sum(counted) == EPOCHS * pupil.samples_per_epoch
    assert epochs[-1].records[0]["valid_loss"] < 0.95 * first
    assert all(np.isfinite(value) for value in epochs[-1].records[0].values() if isinstance(value, float))
    assert f"{pupil.unit}_per_second" in epochs[0].records[0]


@pytest.mark.parametrize("kind", ["vae", "melody", "conditional"])
def test_a_seed_gives_the_same_weights_and_another_others(lessons: ArrangerTrainingData, kind: str) -> None:
    found = []
    for settings in (PACE, PACE, replace(PACE, seed=2)):
        pupil = trainer(lessons, kind, settings)
        list(train(pupil, Progress.fresh(pupil), 2, None, nobody))
        found.append(pupil.weights.flat.clone())
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_an_examination_is_always_the_same(lessons: ArrangerTrainingData) -> None:
    for kind in ("vae", "melody"):
        pupil = trainer(lessons, kind)
        assert pupil.validate() == pupil.validate()


def test_one_song_is_enough_to_learn_from_and_a_silent_instrument_no_trouble(tmp_path: Path) -> None:
    dataset = loop_dataset(tmp_path / "d.h5", songs=1, bars=4, silent=(1, 3))
    alone = ArrangerTrainingData.of(dataset, SMALL_ARRANGER)
    assert alone.silent_instruments(("band",)) == ["guitar", "strings"]
    for kind in ("vae", "melody", "conditional"):
        pupil = trainer(alone, kind)
        epochs = list(train(pupil, Progress.fresh(pupil), 2, None, nobody))
        assert np.isfinite(epochs[-1].records[0]["loss"])


def test_songs_in_which_nobody_plays_teach_silence(tmp_path: Path) -> None:
    silence = ArrangerTrainingData.of(loop_dataset(tmp_path / "d.h5", songs=3, silent=(0, 1, 2, 3, 4)), SMALL_ARRANGER)
    for kind in ("vae", "melody", "conditional"):
        pupil = trainer(silence, kind)
        epochs = list(train(pupil, Progress.fresh(pupil), 2, None, nobody))
        assert np.isfinite(epochs[-1].records[0]["loss"])


def test_no_song_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="no training song") as caught:
        ArrangerTrainingData.of(loop_dataset(tmp_path / "d.h5", songs=0), SMALL_ARRANGER)
    assert "vaemusic filter" in caught.value.hint


def test_a_bar_is_known_by_how_far_back_it_was_played_last() -> None:
    source = np.array([[[7], [SILENT], [7], [8], [7], [8], [SILENT]]])
    assert distances(source, 4)[0, :, 0].tolist() == [0, 0, 2, 0, 2, 2, 0]
    assert distances(source, 1)[0, :, 0].tolist() == [0] * 7


def test_before_each_bar_but_the_first_lie_those_that_may_be_repeated() -> None:
    cells = torch.arange(MEMORY_BARS + 5)[None]
    found = memory_of(cells)
    assert found.shape == (1, 4, MEMORY_BARS)
    for bar in range(1, 5):
        here = MEMORY_BARS + bar
        assert found[0, bar - 1].tolist() == list(range(here - 1, here - 1 - MEMORY_BARS, -1))


def test_stretches_of_bars_say_what_was_done_in_them() -> None:
    songs = [loops(40, 1, kinds=2), loops(6, 2)]
    stream = tokenize(songs, writing_order(LPD5))
    views = {name: view[0] for name, view in small_arranger_weights("vae").views().items()}
    part = stretches(views, SMALL_ARRANGER, stream, np.array([20, 43]), 10, np.array([2, 0]), DRUMS)
    assert part.real[0].tolist() == [bar >= 0 for bar in range(20 - MEMORY_BARS, 30)]
    assert part.real[1].tolist() == [40 <= bar < 46 for bar in range(43 - MEMORY_BARS, 53)]
    played = stream.source.reshape(-1, 5)
    for place, bar in enumerate(range(20, 30)):
        at = MEMORY_BARS + place
        assert int(part.bar[0, at]) == bar
        for instrument in range(5):
            cell = played[bar, instrument]
            kind = REST if cell == SILENT else NEW if cell == bar * 5 + instrument else REPEAT
            assert int(part.kind[0, at, instrument]) == kind
            last = [
                back for back in range(1, MEMORY_BARS + 1) if bar >= back and played[bar - back, instrument] == cell
            ]
            assert (
                int(part.action[0, at, instrument]) == {REST: 0, NEW: WROTE_NEW, REPEAT: last[0] if last else -1}[kind]
            )
            assert bool(part.content[0, at, instrument].any()) == (kind != REST)
    outside = ~part.real[1]
    assert not part.content[1, outside].any()
    assert (part.source[1, outside] == SILENT).all()


def test_all_networks_are_trained_in_order_and_the_band_plays(tmp_path: Path) -> None:
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


def test_latent_networks_follow_a_retrained_vae(tmp_path: Path) -> None:
    workspace = loop_workspace(tmp_path)
    train_workspace(workspace)
    train_workspace(workspace, replace(EXACT, kinds=("vae",)), replace(TWICE, seed=7))
    with pytest.raises(ArtifactStale, match="was trained on another VAE"):
        load_ensemble(workspace)
    watch = SilentWatch()
    train_workspace(workspace, watch=watch)
    assert {record["stage"] for record in watch.epochs} == {"melody", "conditional"}
    load_ensemble(workspace)


class Impatient(SilentWatch):
    """Presses Ctrl-C when the first epoch of a stage is done."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self.stage = stage

    def epoch(self, record: Mapping[str, Any]) -> None:
        super().epoch(record)
        if record["stage"] == self.stage and record["epoch"] == 1:
            raise KeyboardInterrupt


@pytest.mark.parametrize("stage", ["vae", "melody", "conditional"])
def test_stopped_after_an_epoch_a_run_goes_on_to_the_same_bits(tmp_path: Path, stage: str) -> None:
    straight, stopped = loop_workspace(tmp_path / "a"), loop_workspace(tmp_path / "b")
    train_workspace(straight)
    with pytest.raises(KeyboardInterrupt):
        train_workspace(stopped, watch=Impatient(stage))
    watch = SilentWatch()
    train_workspace(stopped, watch=watch)
    assert f"{stage}: continues after epoch 1 of 2" in watch.notices
    for artifact in EVERYTHING:
        assert stopped.path(artifact).read_bytes() == straight.path(artifact).read_bytes()


def test_killed_at_any_moment_it_ends_in_the_same_bits(tmp_path: Path) -> None:
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
    kv_cache = []
    for patience in (3, 8):
        child = subprocess.Popen([*command, str(killed.root)], env=environment)
        while child.poll() is None and _lines(killed.metrics) < patience:
            time.sleep(0.002)
        child.send_signal(signal.SIGKILL)
        child.wait()
        kv_cache.append(_lines(killed.metrics))
    subprocess.run([*command, str(killed.root)], check=True, env=environment)
    assert kv_cache[0] < 15, "it was never killed in the middle"
    for artifact in EVERYTHING:
        assert killed.path(artifact).read_bytes() == left_alone.path(artifact).read_bytes()


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_instruments_that_hear_each_other_are_not_trained_alone(tmp_path: Path, vaemusic: Vaemusic) -> None:
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


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
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


def test_another_recipes_vae_is_not_taken_for_its_own(tmp_path: Path) -> None:
    workspace = loop_workspace(tmp_path)
    train_workspace(workspace, replace(EXACT, kinds=("vae",)))
    other = replace(SMALL_ARRANGER, latent_size=5)
    with pytest.raises(ArtifactStale, match="of another recipe"):
        run(workspace, replace(EXACT, kinds=("melody",)), TWICE, other, SilentWatch())
    assert load_trained(workspace.path(VAE), "vae", "").recipe == SMALL_ARRANGER != SMALL
