"""A trainer of plain modules and `torch.optim` resumes to the bit."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from pianoroll_vae.errors import ArtifactStale
from pianoroll_vae.models.training.adam import adam_state
from pianoroll_vae.models.training.loop import Advance, Metrics, Progress, train
from pianoroll_vae.models.training.resume import load_progress, save_progress
from pianoroll_vae.models.training.rng import rng_for


class LineTrainer:
    """Two modules, each of which learns to double its input."""

    stage, unit, samples_per_epoch, max_loss = "line", "points", 64, 1e6
    instruments = ("piano", "bass")

    def __init__(self, fused: bool) -> None:
        torch.manual_seed(0)
        self.networks = {name: nn.Linear(1, 1) for name in self.instruments}
        self.optimizer = torch.optim.AdamW(self.named_weights().values(), 0.1, fused=fused)

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        losses = []
        for name, network in self.networks.items():
            x = torch.randn(32, 1, generator=rng_for(0, name, epoch))
            loss = (network(x) - 2 * x).square().mean()
            losses.append(loss)
        self.optimizer.zero_grad()
        torch.stack(losses).sum().backward()
        self.optimizer.step()
        advance(64)
        return {"loss": [loss.item() for loss in losses]}

    def validate(self) -> Metrics:
        return {}

    def named_weights(self) -> dict[str, nn.Parameter]:
        return {
            f"{name}/{part}": parameter
            for name, network in self.networks.items()
            for part, parameter in network.named_parameters()
        }

    def optimizer_state(self) -> Mapping[str, Tensor]:
        return adam_state(self.optimizer, list(self.named_weights()))


@pytest.mark.parametrize("fused", [False, True])
def test_modules_with_torch_optim_resume_to_the_bit(tmp_path: Path, fused: bool) -> None:
    uninterrupted, stopped, resumed = (LineTrainer(fused) for _ in range(3))
    whole, half = Progress.fresh(uninterrupted), Progress.fresh(stopped)
    list(train(uninterrupted, whole, 6, None, lambda samples: None))
    list(train(stopped, half, 3, None, lambda samples: None))
    save_progress(tmp_path / "last", {}, stopped, half)
    progress = load_progress(tmp_path / "last", {}, resumed)
    assert progress is not None
    progress.ended = ""
    list(train(resumed, progress, 6, None, lambda samples: None))
    assert (progress.epoch, progress.scores) == (whole.epoch, whole.scores)
    for expected, found in (
        (uninterrupted.named_weights(), resumed.named_weights()),
        (uninterrupted.optimizer_state(), resumed.optimizer_state()),
        (whole.best, progress.best),
    ):
        assert expected.keys() == found.keys()
        for name in expected:
            assert torch.equal(expected[name], found[name]), name


class MomentumTrainer(LineTrainer):
    """Has another optimiser than the `LineTrainer`, and so other state."""

    def optimizer_state(self) -> Mapping[str, Tensor]:
        return {f"{name}/momentum": torch.zeros_like(weight) for name, weight in self.named_weights().items()}


def test_a_run_that_another_optimiser_began_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    earlier, now = LineTrainer(fused=False), MomentumTrainer(fused=False)
    save_progress(tmp_path / "last", {"seed": 0}, earlier, Progress.fresh(earlier))
    before = (tmp_path / "last").read_bytes()
    assert load_progress(tmp_path / "last", {"seed": 1}, now) is None, "another run is not this one's concern"
    with pytest.raises(ArtifactStale, match="an earlier version began with another optimiser") as caught:
        load_progress(tmp_path / "last", {"seed": 0}, now)
    assert "--restart" in caught.value.hint
    assert (tmp_path / "last").read_bytes() == before
