"""Skipping silence is exact: loss and gradients are those of the dense networks under autograd."""

from pathlib import Path

import pytest
import torch

from pianoroll_vae.models.recipe import Recipe, VaeTraining
from pianoroll_vae.models.thesis.likelihood import divergence_nats, draw, gaussian_nats, latent_cost
from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.sparse_step import SparseStep
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.weights import Weights
from tests.training_songs import SMALL, practice_dataset

DEEPER = Recipe(
    "deeper", latent_size=3, vae=VaeTraining(channels=(4, 6, 8, 8), kernels=((2, 4), (2, 4), (2, 2), (4, 4)))
)


@pytest.mark.parametrize("recipe", [SMALL, DEEPER], ids=lambda recipe: recipe.name)
@pytest.mark.parametrize("silent", [(), ("guitar", "drums")], ids=["all play", "two are silent"])
def test_gradients_are_those_of_the_dense_networks(tmp_path: Path, recipe: Recipe, silent: tuple[str, ...]) -> None:
    dataset = practice_dataset(tmp_path / "d.h5", silent=silent)
    bank = dataset.bank("train")
    vae = BandVae.fresh(recipe, dataset.band.names, seed=0)
    vae.weights["log_sigma"].fill_(-0.5)
    rolls = Rolls(bank, vae.order, tuple(range(5)), recipe.grid.cell_scale)
    ids = torch.arange(7)
    noise = torch.randn(5, 7, recipe.latent_size)

    step = SparseStep(recipe, vae.weights, torch.float32)
    squared, cost = torch.zeros(5), torch.zeros(5)
    for i in range(5):
        batch = rolls.batch(i, ids)
        squared[i], _, cost[i] = step(i, batch, batch, noise[i], latent_cost(0.7), share=1 / 7)

    flat = vae.weights.flat.clone().requires_grad_()
    dense = BandVae(recipe, Weights(vae.instruments, vae.weights.specs, flat))
    cells = torch.stack([rolls.dense(i, ids) for i in range(5)])
    code = dense.encode_patches(cells)
    latents = draw(code, noise)
    errors = (dense.decode_patches(latents) - cells).square().sum((2, 3))
    divergence = 0.7 * divergence_nats(code, latents, noise)
    (gaussian_nats(errors, dense.weights["log_sigma"], 4096) + divergence).mean(1).sum().backward()

    torch.testing.assert_close(squared, errors.sum(1), rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(cost, divergence.sum(1), rtol=1e-4, atol=1e-3)
    expected = vae.weights.views(flat.grad)
    for name, gradient in vae.weights.views(step.gradient).items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-4, atol=1e-4, msg=name)


def test_bfloat16_gradients_point_the_same_way(tmp_path: Path) -> None:
    dataset = practice_dataset(tmp_path / "d.h5")
    vae = BandVae.fresh(SMALL, dataset.band.names, seed=0)
    rolls = Rolls(dataset.bank("train"), vae.order, tuple(range(5)), SMALL.grid.cell_scale)
    noise = torch.randn(5, 8, SMALL.latent_size)
    found = []
    for precision in (torch.float32, torch.bfloat16):
        step = SparseStep(SMALL, vae.weights, precision)
        for i in range(5):
            batch = rolls.batch(i, torch.arange(8), precision)
            step(i, batch, batch, noise[i], latent_cost(1.0), share=1 / 8)
        found.append(step.gradient)
    assert torch.cosine_similarity(*found).min() > 0.999


def test_resident_rolls_are_the_banks_rolls(tmp_path: Path) -> None:
    dataset = practice_dataset(tmp_path / "d.h5", silent=("bass",))
    bank = dataset.bank("train")
    vae = BandVae.fresh(SMALL, ("drums", "bass"), seed=0)
    rolls = Rolls(bank, vae.order, (4, 2), scale=1.0)
    ids = torch.tensor([3, 0, len(bank) - 1])
    expected = torch.from_numpy(bank.batch(ids.numpy())[:, [4, 2]]).float()
    assert torch.equal(
        vae.order.to_rolls(torch.stack([rolls.dense(i, ids) for i in range(2)])).transpose(0, 1), expected
    )
    assert rolls.batch(1, ids).cells.shape == (0, 16)
