"""The arranger's networks are trained: held-out losses fall, and a seed gives the same weights."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pianoroll_vae.models.arranger.train.bar_windows import cut_bar_windows
from pianoroll_vae.models.arranger.train.chart_writer import cut_chart_windows
from pianoroll_vae.models.arranger.train.trainer import WARM_UP, ArrangerTrainer, learning_rate_at, split_parameters
from pianoroll_vae.models.arranger.train.training_data import ArrangerTrainingData
from pianoroll_vae.models.arranger.train.windows import WindowSpec, cut_windows
from pianoroll_vae.models.training.loop import Progress, Trainer, train
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.music.band import LPD5
from tests.arranger_dataset import arranger_dataset
from tests.small_arranger import DRUMS, SMALL_ARRANGER, small_arranger_weights, small_vae

CPU = torch.device("cpu")
SETTINGS = TrainingSettings(4, 0.01, seed=1)
EPOCHS = 6
ADAM_STATE = ("step", "exp_avg", "exp_avg_sq")
MATRICES = ("qkv", "out", "up", "down")


def trainer(data: ArrangerTrainingData, kind: str, settings: TrainingSettings = SETTINGS) -> Trainer:
    if kind == "vae":
        return data.for_vae("band", settings, EPOCHS, CPU)
    row = LPD5.lead if kind == "melody" else "followers"
    return data.for_prior(kind, row, small_arranger_weights("vae"), settings, EPOCHS, CPU)


def ignore(samples: int) -> None:
    pass


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> ArrangerTrainingData:
    dataset = arranger_dataset(tmp_path_factory.mktemp("d") / "d.h5", bars=8)
    return ArrangerTrainingData.from_dataset(dataset, SMALL_ARRANGER)


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
        list(train(subject, Progress.fresh(subject), 1, None, ignore))
        found.append(torch.cat([weight.detach().flatten() for weight in subject.named_weights().values()]))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


@pytest.mark.parametrize(("updates", "warm_up"), [(1, 1), (50, 5), (100 * WARM_UP, WARM_UP)])
def test_the_learning_rate_grows_and_then_falls(updates: int, warm_up: int) -> None:
    rates = [learning_rate_at(done, updates, 1.0) for done in range(updates)]
    assert int(np.argmax(rates)) == warm_up - 1
    assert max(rates) > 0.95
    assert all(np.diff(rates[:warm_up]) > 0)
    assert all(np.diff(rates[warm_up:]) < 0)


@pytest.mark.parametrize(("kind", "layers"), [("vae", ["decoder"]), ("melody", ["history", "chart"])])
def test_muon_has_the_matrices_of_transformer_layers_and_adam_all_else(
    data: ArrangerTrainingData, kind: str, layers: list[str]
) -> None:
    subject = trainer(data, kind)
    assert isinstance(subject, ArrangerTrainer)
    matrices, others = split_parameters(subject.network)
    names = {f"{layer}.layers.{i}.{part}.weight" for layer in layers for i in (0, 1) for part in MATRICES}
    assert set(matrices) == names
    assert set(matrices) | set(others) == {name for name, _ in subject.network.named_parameters()}
    assert not set(matrices) & set(others)


def test_trained_weights_are_trained_on_with_adam_alone(data: ArrangerTrainingData) -> None:
    subject = trainer(data, "vae", replace(SETTINGS, from_trained=True))
    assert isinstance(subject, ArrangerTrainer)
    assert not subject.muon.matrices
    assert set(subject.others) == {name for name, _ in subject.network.named_parameters()}
    assert set(subject.optimizer_state()) == {f"{name}/{part}" for name in subject.others for part in ADAM_STATE}


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
    spec = WindowSpec.plain(data.train, starts, 64, DRUMS)
    windows = cut_windows(data.train, spec).to(meta)
    encoder = small_vae().encoder.to(meta)
    bar_windows = cut_bar_windows(encoder, data.train, starts, 16, zeros, DRUMS, spec.conditions, meta)
    chart_windows = cut_chart_windows(data.train, starts, 8, zeros, spec.conditions, meta)
    for batch in (windows, bar_windows, windows.bars, chart_windows):
        assert {getattr(batch, field.name).device for field in fields(batch) if field.name != "bars"} == {meta}


def test_one_song_with_silent_instruments_can_be_trained_on(tmp_path: Path) -> None:
    dataset = arranger_dataset(tmp_path / "d.h5", songs=1, bars=4, silent=(1, 3))
    alone = ArrangerTrainingData.from_dataset(dataset, SMALL_ARRANGER)
    assert alone.silent_instruments(("band",)) == ["guitar", "strings"]
    for kind in ("vae", "melody", "conditional"):
        subject = trainer(alone, kind)
        epochs = list(train(subject, Progress.fresh(subject), 1, None, ignore))
        assert np.isfinite(epochs[-1].records[0]["loss"])


def test_songs_without_notes_can_be_trained_on(tmp_path: Path) -> None:
    silence = ArrangerTrainingData.from_dataset(
        arranger_dataset(tmp_path / "d.h5", songs=3, bars=4, silent=(0, 1, 2, 3, 4)), SMALL_ARRANGER
    )
    for kind in ("vae", "melody", "conditional"):
        subject = trainer(silence, kind)
        epochs = list(train(subject, Progress.fresh(subject), 1, None, ignore))
        assert np.isfinite(epochs[-1].records[0]["loss"])


def test_the_lead_learns_the_chart_and_the_others_do_not(data: ArrangerTrainingData) -> None:
    for kind in ("melody", "conditional"):
        found = trainer(data, kind).validate()
        for name in ("form", "active", "chords"):
            assert (found[f"valid_{name}"][0] > 0) == (kind == "melody")


@pytest.mark.parametrize("kind", ["melody", "conditional"])
def test_shares_of_a_batch_add_up_to_the_whole(data: ArrangerTrainingData, kind: str) -> None:
    subject = trainer(data, kind)
    assert isinstance(subject, ArrangerTrainer)
    batch = subject.sample_batch(data.train, 4, np.random.default_rng(0), False)

    def terms(rank: int, size: int) -> torch.Tensor:
        subject.ranks = Ranks(rank, size)
        with torch.no_grad():
            return subject.loss(batch, torch.Generator().manual_seed(0))[1]

    torch.testing.assert_close(terms(0, 2) + terms(1, 2), terms(0, 1), rtol=1e-5, atol=1e-5)
