"""Networks with a memory see the past of their song only, and predict a point or a distribution."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pianoroll_vae.models.ensemble import Sampling
from pianoroll_vae.models.recipe import LatentTraining
from pianoroll_vae.models.thesis.band import ThesisBand
from pianoroll_vae.models.thesis.latent_networks import ConditionalNN, MelodyNN
from pianoroll_vae.models.thesis.pairs import lead_pairs
from pianoroll_vae.models.thesis.parameters import sequence_specs
from pianoroll_vae.models.thesis.sequence import forward, losses, sample_component
from pianoroll_vae.models.thesis.sequence_trainer import SequenceTrainer
from pianoroll_vae.models.thesis.training_data import ThesisTrainingData
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.loop import Progress, train
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.song import Song
from tests.thesis_dataset import SMALL, thesis_dataset

KINDS = [
    LatentTraining("lstm", memory=3, hidden_size=8, pairs=64, batch_size=16),
    LatentTraining("transformer", memory=3, components=2, hidden_size=8, pairs=64, batch_size=16),
]


@pytest.mark.parametrize("training", KINDS, ids=lambda training: training.network)
def test_inputs_before_the_songs_beginning_are_ignored(training: LatentTraining) -> None:
    weights = Weights.fresh(("a", "b"), sequence_specs(training, 5, 4), seed=0)
    history = torch.randn(2, 6, 3, 5)
    known = torch.tensor([False, True, True]).expand(2, 6, 3)
    outputs = forward(weights.views(), training, history, known)
    history[:, :, 0] = 100.0
    assert torch.equal(forward(weights.views(), training, history, known), outputs)
    history[:, :, 1] += 1.0
    assert not torch.allclose(forward(weights.views(), training, history, known), outputs)


def test_a_window_holds_the_latents_of_its_song_silent_ones_too(tmp_path: Path) -> None:
    bank = thesis_dataset(tmp_path / "d.h5").bank("train")
    means = torch.randn(len(bank), 5, 4)
    bank.sounding[:, 0] = bank.position >= 2  # the lead enters in the third segment
    pairs = lead_pairs(means, bank, 0)
    starts = np.flatnonzero(bank.position == 0)
    history, known = pairs.window(pairs.first, 3)
    assert known.tolist() == [[False, True, True]] * len(starts)
    for song, start in enumerate(starts):
        assert torch.equal(history[song, 1:], means[start : start + 2, 0])


def test_the_mixtures_likelihood_is_that_of_torch_distributions() -> None:
    torch.manual_seed(0)
    outputs, targets = 0.5 * torch.randn(2, 5, 3 * 9), torch.randn(2, 5, 4)
    parts = outputs[..., 3:].view(2, 5, 2, 3, 4)
    normal = torch.distributions.Independent(
        torch.distributions.Normal(parts[..., 0, :, :], parts[..., 1, :, :].exp()), 1
    )
    mixture = torch.distributions.MixtureSameFamily(torch.distributions.Categorical(logits=outputs[..., :3]), normal)
    torch.testing.assert_close(losses(outputs, targets, 3), -mixture.log_prob(targets))


def test_at_temperature_zero_the_likeliest_component_is_taken_and_at_one_all_are_drawn() -> None:
    outputs = torch.zeros(1, 1000, 2 * 3)
    outputs[..., 0] = 1.0  # the first of two components is likelier, e to 1
    outputs[..., 2], outputs[..., 3] = 5.0, -5.0
    uniform = torch.linspace(0, 0.999, 1000).unsqueeze(0)
    centre, width = sample_component(outputs, 2, uniform, torch.zeros(1, 1))
    assert bool((centre == 5.0).all())
    assert bool((width == 1.0).all())
    centre, _ = sample_component(outputs, 2, uniform, torch.ones(1, 1))
    assert float((centre == 5.0).float().mean()) == pytest.approx(np.e / (1 + np.e), abs=0.01)


@pytest.mark.parametrize("training", KINDS, ids=lambda training: training.network)
def test_the_held_out_loss_falls_and_the_band_generates_songs(training: LatentTraining, tmp_path: Path) -> None:
    recipe = replace(SMALL, latents=training)
    dataset = thesis_dataset(tmp_path / "d.h5")
    data = ThesisTrainingData.from_dataset(dataset, recipe, lambda text: None)
    vae = BandVae.fresh(recipe, LPD5.names, seed=0)
    trained: list[Weights] = []
    for trainer in (
        data.for_melody(vae, TrainingSettings(16, 1e-2)),
        data.for_conditional(vae, LPD5.names[1:], TrainingSettings(16, 1e-2)),
    ):
        epochs = list(train(trainer, Progress.fresh(trainer), 6, None, lambda n: None))
        for first, last in zip(epochs[0].records, epochs[-1].records, strict=True):
            assert last["valid_loss"] < first["valid_loss"]
        assert isinstance(trainer, SequenceTrainer)
        trained.append(trainer.weights)
    band = ThesisBand(recipe, LPD5, vae, MelodyNN(recipe, trained[0]), ConditionalNN(recipe, trained[1]))
    primer = Song.from_rolls(LPD5, dataset.bank("test").batch([0])[0], dataset.steps_per_beat)
    songs = [band.continue_([primer], 5, Sampling(noise), (1,))[0].rolls(5, 5 * 32) for noise in (1.0, 1.0, 0.0)]
    assert np.array_equal(songs[0], songs[1])
