"""What a GPU would compute, computed on the CPU without its graph: the same learning as the CPU's own way."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pianoroll_vae.models.thesis.gpu_trainer import GpuVaeTrainer, ResidentRolls
from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.thesis.vae_trainer import VaeTrainer
from pianoroll_vae.models.training.loop import Progress, train
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.music.band import LPD5
from tests.training_songs import SMALL, practice_dataset

CPU = torch.device("cpu")
COLUMNS = tuple(range(5))


@pytest.mark.parametrize(("beta", "batch_size"), [(1.0, 8), (0.0, 8), (1.0, 48)])
def test_it_learns_what_the_cpu_learns(tmp_path: Path, beta: float, batch_size: int) -> None:
    dataset = practice_dataset(tmp_path / "d.h5")
    recipe = replace(SMALL, vae=replace(SMALL.vae, beta=beta))
    settings, scale = TrainingSettings(batch_size, 1e-3, seed=2), recipe.grid.cell_scale
    vaes = [BandVae.fresh(recipe, LPD5.names, 0) for _ in range(2)]
    banks = [dataset.bank("train"), dataset.bank("valid")]
    sparse = VaeTrainer(vaes[0], *(Rolls(bank, vaes[0].order, COLUMNS, scale) for bank in banks), settings)  # type: ignore[misc]
    there = [ResidentRolls(bank, vaes[1].order, COLUMNS, scale, CPU) for bank in banks]
    dense = GpuVaeTrainer(vaes[1], there[0], there[1], settings, Ranks(), CPU)
    dense.refuse_if_too_large()
    figures = [list(train(one, Progress.fresh(one), 2, None, lambda n: None)) for one in (sparse, dense)]
    torch.testing.assert_close(dense.weights.flat, sparse.weights.flat, rtol=1e-3, atol=2e-4)
    for ours, theirs in zip(figures[0][-1].records, figures[1][-1].records, strict=True):
        for name in ("loss", "kl", "valid_loss", "f1"):
            assert ours[name] == pytest.approx(theirs[name], rel=1e-3, abs=1e-3), name


def test_bits_are_unpacked_into_the_same_cells(tmp_path: Path) -> None:
    bank = practice_dataset(tmp_path / "d.h5").bank("train")
    bank.velocity[:] = 1
    order = BandVae.fresh(SMALL, LPD5.names, 0).order
    packed = ResidentRolls(bank, order, COLUMNS, 1.0, CPU)
    assert packed.packed
    sparse = Rolls(bank, order, COLUMNS, 1.0)
    ids = torch.arange(len(bank))
    for i in COLUMNS:
        assert torch.equal(packed.dense(i, ids), sparse.dense(i, ids))
    assert torch.equal(packed.batch(ids[:3].expand(5, -1), torch.float32)[2], sparse.dense(2, ids[:3]))
