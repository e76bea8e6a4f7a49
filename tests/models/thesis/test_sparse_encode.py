"""Encoding without silence is exact: it gives what the plain networks give."""

from pathlib import Path

import pytest
import torch

from pianoroll_vae.models.recipe import Recipe, VaeTraining
from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.sparse_encode import encode_sounding
from pianoroll_vae.models.thesis.vae import BandVae
from tests.thesis_dataset import SMALL, thesis_dataset

DEEPER = Recipe(
    "deeper", latent_size=3, vae=VaeTraining(channels=(4, 6, 8, 8), kernels=((2, 4), (2, 4), (2, 2), (4, 4)))
)


@pytest.mark.parametrize("recipe", [SMALL, DEEPER], ids=lambda recipe: recipe.name)
def test_codes_are_those_of_the_plain_network(tmp_path: Path, recipe: Recipe) -> None:
    dataset = thesis_dataset(tmp_path / "d.h5", silent=("guitar",))
    vae = BandVae.fresh(recipe, dataset.band.names, seed=0)
    rolls = Rolls(dataset.bank("train"), vae.order, tuple(range(5)), recipe.grid.cell_scale)
    for row, network in enumerate(vae.networks):
        cells = rolls.batch(row, torch.arange(9))
        cells[4] = 0.0
        torch.testing.assert_close(encode_sounding(network, recipe.vae.kernels, cells), network.encode(cells))
