"""Rolls on the training device are those of the bank."""

from pathlib import Path

import torch

from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.vae import BandVae
from tests.thesis_dataset import SMALL, thesis_dataset


def test_batches_are_the_banks_rolls(tmp_path: Path) -> None:
    bank = thesis_dataset(tmp_path / "d.h5", silent=("bass",)).bank("train")
    order = BandVae.fresh(SMALL, ("drums", "bass"), seed=0).order
    rolls = Rolls(bank, order, (4, 2), scale=0.5)
    ids = torch.tensor([3, 0, len(bank) - 1, 3])
    expected = torch.from_numpy(bank.batch(ids.numpy())[:, [4, 2]]).float() * 0.5
    found = order.to_rolls(torch.stack([rolls.batch(i, ids) for i in range(2)])).transpose(0, 1)
    assert torch.equal(found, expected)
    assert bool(found[:, 0].any())
    assert not bool(found[:, 1].any())


def test_silence_alone_is_a_batch_too(tmp_path: Path) -> None:
    bank = thesis_dataset(tmp_path / "d.h5", silent=("bass",)).bank("train")
    order = BandVae.fresh(SMALL, ("bass",), seed=0).order
    cells = Rolls(bank, order, (2,), scale=1.0).batch(0, torch.arange(3))
    assert torch.equal(cells, torch.zeros(3, order.patches, order.patch_cells))
