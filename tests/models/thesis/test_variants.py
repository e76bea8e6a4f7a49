"""Every variant of the thesis learns, and each of its terms does what its name says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pianoroll_vae.models.recipe import RECIPES, Recipe, recipe_from_json
from pianoroll_vae.models.thesis.likelihood import divergence_nats, draw, latent_cost
from pianoroll_vae.models.thesis.patches import PatchOrder
from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.training_data import ThesisTrainingData
from pianoroll_vae.models.thesis.transposition import in_one_key, transposed
from pianoroll_vae.models.thesis.vae_trainer import cost_at
from pianoroll_vae.models.training.loop import Progress, train
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.key import find_key
from pianoroll_vae.music.song import Song
from tests.training_songs import SMALL, STEPS, practice_dataset

CPU = torch.device("cpu")


def small(recipe: Recipe) -> Recipe:
    """The recipe's terms on networks that are trained in a moment."""
    sizes = {"channels": SMALL.vae.channels, "batch_size": SMALL.vae.batch_size}
    return replace(recipe, latent_size=4, vae=replace(recipe.vae, **sizes), latents=SMALL.latents)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.family == "thesis"])
def test_every_recipe_learns_and_survives_a_header(name: str, tmp_path: Path) -> None:
    recipe = RECIPES[name]
    assert recipe_from_json(recipe.to_json()) == recipe
    lessons = ThesisTrainingData.of(practice_dataset(tmp_path / "d.h5"), small(recipe), lambda text: None)
    trainer = lessons.for_vae(LPD5.names, TrainingSettings(8, 1e-2, seed=1), Ranks(), CPU)
    epochs = list(train(trainer, Progress.fresh(trainer), 8, None, lambda n: None))
    for first, last in zip(epochs[0].records, epochs[-1].records, strict=True):
        assert last["valid_reconstruction"] < first["valid_reconstruction"]


@pytest.mark.parametrize(("free_bits", "sparsity"), [(0.0, 0.0), (1e6, 0.0), (0.1, 0.0), (0.0, 0.3)])
def test_the_cost_of_latents_has_the_gradients_of_autograd(free_bits: float, sparsity: float) -> None:
    torch.manual_seed(0)
    code, noise = torch.randn(6, 5), torch.randn(6, 4)
    cost = latent_cost(2.0, free_bits, sparsity)
    _, _, to_latents, to_deviation = cost(code, draw(code, noise), noise)
    live = code.clone().requires_grad_()
    latents = draw(live, noise)
    cost(live, latents, noise)[1].sum().backward()
    by_hand = torch.cat([to_latents, ((latents - live[:, :-1]) * to_latents).sum(1, keepdim=True)], 1).detach()
    by_hand[:, -1] += to_deviation
    torch.testing.assert_close(live.grad, by_hand)


def test_free_bits_cost_nothing_and_warm_up_grows() -> None:
    code, noise = torch.zeros(3, 5), torch.zeros(3, 4)
    code[:, 0] = 1.0
    latents = draw(code, noise)
    divergence = divergence_nats(code, latents, noise)
    assert torch.equal(latent_cost(1.0, free_bits=0.6)(code, latents, noise)[1], torch.zeros(3))
    assert torch.equal(latent_cost(1.0, free_bits=0.4)(code, latents, noise)[1], divergence)
    training = replace(SMALL.vae, beta=4.0, warm_up_epochs=3)
    paid = [float(cost_at(training, epoch)(code, latents, noise)[1].sum()) for epoch in (1, 2, 3, 4, 5)]
    assert paid == pytest.approx([1.5, 3.0, 4.5, 6.0, 6.0])


def test_transposed_rolls_are_the_rolls_some_semitones_higher(tmp_path: Path) -> None:
    bank = practice_dataset(tmp_path / "d.h5").bank("train")
    order = PatchOrder(SMALL.vae.kernels, STEPS, 128)
    rolls = Rolls(bank, order, (0,), 1.0)
    semitones = torch.tensor([0, 5, -7, 100, -1])
    moved = transposed(rolls.batch(0, torch.arange(5)), semitones, order)
    assert bool((moved.place.diff() > 0).all())
    cells = torch.zeros(5 * order.patches, order.patch_cells)
    cells[moved.place] = moved.cells
    found = order.to_rolls(cells.view(5, order.patches, -1))
    for roll, shift in enumerate(semitones.tolist()):
        before = torch.from_numpy(bank.batch([roll], 0)[0]).float()
        expected = torch.zeros_like(before)
        if shift >= 0:
            expected[:, shift:] = before[:, : 128 - shift]
        else:
            expected[:, :shift] = before[:, -shift:]
        assert torch.equal(found[roll], expected)


def test_in_one_key_every_song_is_in_c_major_or_a_minor_and_drums_stay(tmp_path: Path) -> None:
    dataset = practice_dataset(tmp_path / "d.h5")
    before = dataset.bank("train")
    after = in_one_key(before, dataset)
    segments = np.arange(len(before))
    assert np.array_equal(after.batch(segments)[:, 4], before.batch(segments)[:, 4])
    for song in np.unique(before.song_of):
        rolls = np.concatenate(list(after.batch(segments[after.song_of == song]).swapaxes(0, 1)), axis=0)
        whole = rolls.reshape(5, -1, 128)
        key = find_key(Song.from_rolls(LPD5, whole, 2))
        assert str(key) in ("C major", "A minor")
