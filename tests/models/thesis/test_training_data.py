"""Every recipe of the thesis is trained; of those that train the same VAE, one."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pianoroll_vae.models.recipe import RECIPES, Recipe, recipe_from_json
from pianoroll_vae.models.thesis.training_data import ThesisTrainingData
from pianoroll_vae.models.training.loop import Progress, train
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.music.band import LPD5
from tests.thesis_dataset import SMALL, distinct_vaes, thesis_dataset

CPU = torch.device("cpu")


def small(recipe: Recipe) -> Recipe:
    """The recipe's terms on networks that are trained in a moment."""
    sizes = {"channels": SMALL.vae.channels, "batch_size": SMALL.vae.batch_size}
    return replace(recipe, latent_size=4, vae=replace(recipe.vae, **sizes), latents=SMALL.latents)  # type: ignore[arg-type]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_every_recipe_is_read_back_from_its_header(recipe: Recipe) -> None:
    assert recipe_from_json(recipe.to_json()) == recipe


@pytest.mark.parametrize("name", distinct_vaes(RECIPES))
def test_the_held_out_loss_of_every_recipe_falls(name: str, tmp_path: Path) -> None:
    recipe = RECIPES[name]
    data = ThesisTrainingData.from_dataset(thesis_dataset(tmp_path / "d.h5"), small(recipe), lambda text: None)
    trainer = data.for_vae(LPD5.names, TrainingSettings(8, 1e-2, seed=1), Ranks(), CPU)
    epochs = list(train(trainer, Progress.fresh(trainer), 3, None, lambda n: None))
    for first, last in zip(epochs[0].records, epochs[-1].records, strict=True):
        assert last["valid_reconstruction"] < first["valid_reconstruction"]
