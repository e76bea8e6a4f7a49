"""Every variant of the thesis is trained, and each term of its loss has its effect."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pianoroll_vae.models.recipe import RECIPES, Recipe, recipe_from_json
from pianoroll_vae.models.thesis.likelihood import kl_nats, latent_cost, sample_latents
from pianoroll_vae.models.thesis.patches import PatchOrder
from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.training_data import ThesisTrainingData
from pianoroll_vae.models.thesis.transposition import in_one_key, transpose
from pianoroll_vae.models.thesis.vae_trainer import latent_cost_at
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
def test_the_held_out_loss_of_every_recipe_falls_and_its_header_is_read_back(name: str, tmp_path: Path) -> None:
    recipe = RECIPES[name]
    assert recipe_from_json(recipe.to_json()) == recipe
    data = ThesisTrainingData.of(practice_dataset(tmp_path / "d.h5"), small(recipe), lambda text: None)
    trainer = data.for_vae(LPD5.names, TrainingSettings(8, 1e-2, seed=1), Ranks(), CPU)
    epochs = list(train(trainer, Progress.fresh(trainer), 8, None, lambda n: None))
    for first, last in zip(epochs[0].records, epochs[-1].records, strict=True):
        assert last["valid_reconstruction"] < first["valid_reconstruction"]


def test_free_bits_cost_nothing_and_warm_up_grows() -> None:
    code, noise = torch.zeros(3, 5), torch.zeros(3, 4)
    code[:, 0] = 1.0
    latents = sample_latents(code, noise)
    kl = kl_nats(code, latents, noise)
    assert torch.equal(latent_cost(1.0, free_bits=0.6)(code, latents, noise)[1], torch.zeros(3))
    assert torch.equal(latent_cost(1.0, free_bits=0.4)(code, latents, noise)[1], kl)
    training = replace(SMALL.vae, beta=4.0, warm_up_epochs=3)
    paid = [float(latent_cost_at(training, epoch)(code, latents, noise)[1].sum()) for epoch in (1, 2, 3, 4, 5)]
    assert paid == pytest.approx([1.5, 3.0, 4.5, 6.0, 6.0])


def test_transposed_rolls_are_the_rolls_some_semitones_higher(tmp_path: Path) -> None:
    bank = practice_dataset(tmp_path / "d.h5").bank("train")
    order = PatchOrder(SMALL.vae.kernels, STEPS, 128)
    rolls = Rolls(bank, order, (0,), 1.0)
    semitones = torch.tensor([0, 5, -7, 100, -1])
    found = order.to_rolls(transpose(rolls.batch(0, torch.arange(5)), semitones, order))
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
