"""Training is deterministic, and a resumed run gives the same weights bit by bit."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from pianoroll_vae.models.groove.groove import DRUMS
from pianoroll_vae.models.groove.trainer import LEARNING_RATE, GrooveTrainer, first_drums, sample_taps
from pianoroll_vae.models.groove.training_data import GrooveTrainingData
from pianoroll_vae.models.training.loop import Progress, train
from pianoroll_vae.models.training.resume import load_progress, save_progress

RUN = {"seed": 0}


def trained(data: GrooveTrainingData, seed: int) -> dict[str, Tensor]:
    """Weights after an epoch."""
    trainer = GrooveTrainer(data, data, seed, epochs=1)
    trainer.train_epoch(1, lambda slots: None)
    return dict(trainer.network.state_dict())


def test_the_same_seed_gives_the_same_weights(held_out: GrooveTrainingData) -> None:
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    first, again, other = (trained(held_out, seed) for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_resumed_run_gives_the_same_weights(held_out: GrooveTrainingData, tmp_path: Path) -> None:
    path = tmp_path / "last.safetensors"
    whole = GrooveTrainer(held_out, held_out, 0, epochs=3)
    progress = Progress.fresh(whole)
    for epoch in train(whole, progress, 3, None, lambda slots: None):
        if epoch.number == 1:
            save_progress(path, RUN, whole, progress)
    resumed = GrooveTrainer(held_out, held_out, 0, epochs=3)
    kept = load_progress(path, RUN, resumed)
    assert kept is not None
    assert kept.epoch == 1
    losses = [epoch.records[0]["valid_loss"] for epoch in train(resumed, kept, 3, None, lambda slots: None)]
    assert len(losses) == 2
    for tensors in ("named_weights", "optimizer_state"):
        one, other = getattr(whole, tensors)(), getattr(resumed, tensors)()
        assert all(torch.equal(one[name], other[name]) for name in one)
    assert (kept.best_loss, kept.scores) == (progress.best_loss, progress.scores)


def test_held_out_losses_do_not_depend_on_when_they_are_measured(
    data: GrooveTrainingData, held_out: GrooveTrainingData
) -> None:
    trainer = GrooveTrainer(data, held_out, 0, epochs=1)
    assert trainer.validate() == trainer.validate()
    before = trainer.validate()["valid_loss"][0]
    trainer.train_epoch(1, lambda slots: None)
    assert trainer.validate()["valid_loss"][0] < before


def test_the_learning_rate_falls_to_zero(data: GrooveTrainingData, held_out: GrooveTrainingData) -> None:
    rates = GrooveTrainer(data, held_out, 0, epochs=6)._learning_rates
    assert rates[0] == LEARNING_RATE
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0, abs=LEARNING_RATE / 100)


def test_one_or_two_drums_of_the_song_are_tapped() -> None:
    hit_rate = torch.zeros(200, 16, DRUMS)
    hit_rate[:, 0, [0, 1, 5]] = 1
    taps = sample_taps(hit_rate, torch.Generator().manual_seed(1))
    assert set(taps.sum(1).tolist()) == {1.0, 2.0}
    assert taps[:, [2, 3, 4, 6, 7, 8, 9]].sum() == 0


def test_drums_are_completed_in_order() -> None:
    assert first_drums(torch.tensor([0, 2])).sum(1).tolist() == [0, 2]
