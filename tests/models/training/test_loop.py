"""The loop: held-out losses fall, a resumed run ends in the bits of an uninterrupted one, divergence is one message."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pianoroll_vae.errors import DeviceUnavailable, NothingFound, TrainingDiverged
from pianoroll_vae.models.thesis.training_data import ThesisTrainingData
from pianoroll_vae.models.thesis.vae_trainer import MIN_LOG_SIGMA, VaeTrainer
from pianoroll_vae.models.training.loop import Progress, train
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.resume import load_progress, save_progress
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.music.band import LPD5
from tests.thesis_dataset import SMALL, thesis_dataset

SETTINGS = TrainingSettings(8, 1e-2, seed=1)


def trainer(
    path: Path, settings: TrainingSettings = SETTINGS, names: tuple[str, ...] = LPD5.names, **corpus: object
) -> VaeTrainer:
    dataset = thesis_dataset(path, **corpus)  # type: ignore[arg-type]
    return ThesisTrainingData(SMALL, LPD5, dataset.bank("train"), dataset.bank("valid")).for_vae(
        names, settings, Ranks(), torch.device("cpu")
    )


def ignore(n: int) -> None:
    pass


def test_the_held_out_loss_falls_and_every_epoch_has_records(tmp_path: Path) -> None:
    vaes = trainer(tmp_path / "d.h5")
    rolls: list[int] = []
    epochs = list(train(vaes, Progress.fresh(vaes), 4, None, rolls.append))
    assert sum(rolls) == 4 * vaes.samples_per_epoch
    for first, last in zip(epochs[0].records, epochs[-1].records, strict=True):
        assert last["valid_loss"] < first["valid_loss"]
        assert last["loss"] == pytest.approx(last["reconstruction"] + last["kl"], rel=1e-4)
        assert {"f1", "rolls_per_second", "seconds"} <= last.keys()
    assert epochs[-1].records[0]["ended"] == "all 4 epochs trained"


def test_a_resumed_run_ends_in_the_bits_of_an_uninterrupted_one(tmp_path: Path) -> None:
    band = ("piano", "drums")
    straight = trainer(tmp_path / "d.h5", names=band)
    whole = Progress.fresh(straight)
    list(train(straight, whole, 4, None, ignore))

    stopped = trainer(tmp_path / "d.h5", names=band)
    half = Progress.fresh(stopped)
    list(train(stopped, half, 2, None, ignore))
    save_progress(tmp_path / "last", {"run": 1}, stopped, half)
    again = trainer(tmp_path / "d.h5", names=band)
    assert load_progress(tmp_path / "last", {"run": 2}, again) is None
    progress = load_progress(tmp_path / "last", {"run": 1}, again)
    assert progress is not None
    progress.ended = ""
    list(train(again, progress, 4, None, ignore))
    assert torch.equal(again.weights.flat, straight.weights.flat)
    for name, tensor in straight.optimizer_state().items():
        assert torch.equal(again.optimizer_state()[name], tensor), name
    for name, best in whole.best.items():
        assert torch.equal(progress.best[name], best), name
    assert progress.scores == whole.scores


def test_a_truncated_file_is_not_resumed(tmp_path: Path) -> None:
    vaes = trainer(tmp_path / "d.h5")
    save_progress(tmp_path / "last", {}, vaes, Progress.fresh(vaes))
    before = vaes.weights.flat.clone()
    (tmp_path / "last").write_bytes((tmp_path / "last").read_bytes()[:-10])
    assert load_progress(tmp_path / "last", {}, vaes) is None
    assert torch.equal(vaes.weights.flat, before)


def test_an_instruments_training_does_not_depend_on_the_others(tmp_path: Path) -> None:
    together, alone = trainer(tmp_path / "d.h5"), trainer(tmp_path / "d.h5", names=("bass",))
    for vaes in (together, alone):
        list(train(vaes, Progress.fresh(vaes), 1, None, ignore))
    torch.testing.assert_close(together.weights.flat[2], alone.weights.flat[0])


def test_divergence_names_the_epoch_and_what_to_change(tmp_path: Path) -> None:
    vaes = trainer(tmp_path / "d.h5", replace(SETTINGS, learning_rate=1e6))
    progress = Progress.fresh(vaes)
    with pytest.raises(TrainingDiverged, match=r"diverged in epoch \d") as caught:
        list(train(vaes, progress, 5, None, ignore))
    assert "--learning-rate" in caught.value.hint
    assert all(bool(torch.isfinite(best).all()) for best in progress.best.values())


def test_out_of_memory_names_the_epoch_and_keeps_the_epochs_before(tmp_path: Path) -> None:
    vaes = trainer(tmp_path / "d.h5")
    progress = Progress.fresh(vaes)

    def advance(rolls: int) -> None:
        if progress.epoch == 1:
            raise torch.OutOfMemoryError

    with pytest.raises(DeviceUnavailable, match="ran out in epoch 2 of the vae") as caught:
        list(train(vaes, progress, 3, None, advance))
    assert "--batch-size" in caught.value.hint
    assert progress.epoch == 1


def test_log_sigma_falls_as_far_an_epoch_in_batches_of_any_size(tmp_path: Path) -> None:
    scales = []
    for batch_size in (32, 128):
        vaes = trainer(tmp_path / "d.h5", TrainingSettings(batch_size, 1e-3), ("bass",), songs=120, segments=8)
        list(train(vaes, Progress.fresh(vaes), 2, None, ignore))
        scales.append(vaes.weights["log_sigma"].clone())
    assert float(scales[0].max()) < -0.03, "it falls"
    torch.testing.assert_close(scales[1], scales[0], rtol=0.2, atol=0.0)


def test_training_stops_when_no_loss_improves(tmp_path: Path) -> None:
    vaes = trainer(tmp_path / "d.h5", replace(SETTINGS, learning_rate=1e-12), ("piano", "drums"))
    progress = Progress.fresh(vaes)
    epochs = list(train(vaes, progress, 50, 2, ignore))
    assert len(epochs) < 50
    assert progress.ended == "no better held-out loss for 2 epochs"


def test_trained_weights_are_kept_where_no_epoch_is_better(tmp_path: Path) -> None:
    trained, coarse = (
        trainer(tmp_path / "d.h5", replace(SETTINGS, learning_rate=rate), ("piano",)) for rate in (1e-2, 0.1)
    )
    list(train(trained, Progress.fresh(trained), 40, None, ignore))
    coarse.weights.flat.data.copy_(trained.weights.flat)
    progress = Progress.from_trained(coarse)
    before = {name: weight.clone() for name, weight in progress.best.items()}
    assert progress.best_loss == trained.validate()["valid_loss"]
    epochs = list(train(coarse, progress, 50, 1, ignore))
    assert len(epochs) == 1
    assert progress.best_epoch == [0]
    for name, weight in coarse.named_weights().items():
        assert torch.equal(progress.best[name], before[name])
        assert not torch.equal(weight, before[name])


@pytest.mark.parametrize("songs", [1, 2])
def test_one_or_two_songs_are_enough(tmp_path: Path, songs: int) -> None:
    vaes = trainer(tmp_path / "d.h5", songs=songs, segments=1)
    epochs = list(train(vaes, Progress.fresh(vaes), 2, None, ignore))
    assert len(epochs) == 2


def test_training_on_silence_keeps_log_sigma_finite(tmp_path: Path) -> None:
    vaes = trainer(tmp_path / "d.h5", names=("piano", "guitar"), silent=("guitar",))
    list(train(vaes, Progress.fresh(vaes), 10, None, ignore))
    assert float(vaes.weights["log_sigma"].min()) >= MIN_LOG_SIGMA
    assert bool(torch.isfinite(vaes.weights.flat).all())


def test_a_dataset_without_a_whole_segment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NothingFound, match="as long as a segment") as caught:
        trainer(tmp_path / "d.h5", songs=1, segments=0)
    assert "--segment-beats" in caught.value.hint
