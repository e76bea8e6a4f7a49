"""Latent networks are trained on means of neighbouring segments; the hand-written step has autograd's gradients."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pianoroll_vae.models.thesis.dense_step import DenseStep
from pianoroll_vae.models.thesis.latent_networks import ConditionalNN, dense
from pianoroll_vae.models.thesis.latent_trainer import LatentTrainer
from pianoroll_vae.models.thesis.pairs import Pairs, follower_pairs, latent_means, lead_pairs
from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.training_data import ThesisTrainingData
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.loop import Progress, train
from pianoroll_vae.models.training.rng import rng_for
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import LPD5
from tests.thesis_dataset import SMALL, thesis_dataset


def pairs_of(inputs: Tensor, targets: Tensor, count: Tensor) -> Pairs:
    """Songs with so many pairs each."""
    first = count.cumsum(0) - count
    row = torch.arange(len(inputs))
    return Pairs(inputs, targets, first, count, inputs, row, row - first.repeat_interleave(count))


def test_latents_computed_once_are_those_of_encoding_batch_by_batch(tmp_path: Path) -> None:
    bank = thesis_dataset(tmp_path / "d.h5").bank("train")
    vae = BandVae.fresh(SMALL, LPD5.names, seed=0)
    means = latent_means(vae, Rolls(bank, vae.order, tuple(range(5)), SMALL.grid.cell_scale))
    for ids in np.array_split(np.arange(len(bank)), 5):
        torch.testing.assert_close(means[ids], vae.encode_means(torch.from_numpy(bank.batch(ids))))


def test_pairs_are_neighbours_in_one_song_and_a_followers_inputs_begin_with_its_own(tmp_path: Path) -> None:
    bank = thesis_dataset(tmp_path / "d.h5").bank("train")
    means = torch.randn(len(bank), 5, 4)
    neighbours = [i for i in range(len(bank) - 1) if bank.song_of[i] == bank.song_of[i + 1]]
    lead = lead_pairs(means, bank, 0)
    assert torch.equal(lead.inputs, means[neighbours, 0])
    assert torch.equal(lead.targets, means[[i + 1 for i in neighbours], 0])
    follower = follower_pairs(means, bank, 2, 0)
    assert torch.equal(follower.inputs[:, :4], means[neighbours, 2])
    assert torch.equal(follower.inputs[:, 4:], means[[i + 1 for i in neighbours], 0])
    assert torch.equal(follower.targets, means[[i + 1 for i in neighbours], 2])


def test_pairs_of_silence_are_left_out_unless_there_is_nothing_else(tmp_path: Path) -> None:
    bank = thesis_dataset(tmp_path / "d.h5", silent=("bass",)).bank("train")
    means = torch.randn(len(bank), 5, 4)
    bank.sounding[:, 0] = False
    bank.sounding[2, 0] = True  # the lead plays in one segment, in the middle of the first song
    assert len(lead_pairs(means, bank, 0)) == 2  # it enters, and it leaves
    assert len(follower_pairs(means, bank, 2, 0)) == int(bank.has_next.sum())


def test_songs_are_drawn_uniformly_however_long_they_are() -> None:
    count = torch.tensor([1, 9])
    pairs = pairs_of(torch.zeros(10, 4), torch.zeros(10, 4), count)
    drawn = pairs.draw(4000, torch.Generator().manual_seed(0))
    assert 0.45 < float((drawn == 0).float().mean()) < 0.55
    assert set(drawn.tolist()) == set(range(10))


def test_the_hand_written_step_has_the_gradients_of_autograd() -> None:
    network = ConditionalNN.fresh(SMALL, ("bass", "drums"), seed=0)
    inputs, targets = torch.randn(2, 6, 8), torch.randn(2, 6, 4)
    kept = torch.empty(2, 6, 8).bernoulli_(0.8) / 0.8
    for mask in (None, kept):
        step = DenseStep(network.weights, 6)
        squared = step(inputs, targets, mask)
        flat = network.weights.flat.clone().requires_grad_()
        live = Weights(network.instruments, network.weights.specs, flat).views()
        hidden = torch.relu(torch.baddbmm(live["0.bias"].unsqueeze(1), inputs, live["0.weight"]))
        hidden = hidden if mask is None else hidden * mask
        error = torch.baddbmm(live["1.bias"].unsqueeze(1), hidden, live["1.weight"]) - targets
        error.square().mean((1, 2)).sum().backward()
        torch.testing.assert_close(step.gradient, flat.grad)
        torch.testing.assert_close(squared, error.square().detach())


def test_training_equals_the_plain_loop_over_the_same_pairs() -> None:
    torch.manual_seed(0)
    count = torch.tensor([20, 30])
    pairs = pairs_of(torch.randn(50, 8), torch.randn(50, 4), count)
    network = ConditionalNN.fresh(SMALL, ("bass",), seed=0)
    layers = nn.Linear(8, 8), nn.Linear(8, 4)
    plain = nn.Sequential(layers[0], nn.ReLU(), layers[1])
    with torch.no_grad():
        for place, layer in enumerate(layers):
            layer.weight.copy_(network.weights[f"{place}.weight"][0].t())
            layer.bias.copy_(network.weights[f"{place}.bias"][0])
    settings = TrainingSettings(SMALL.latents.batch_size, SMALL.latents.learning_rate, seed=4)
    trainer = LatentTrainer("conditional", network.weights, [pairs], [pairs], SMALL.latents, settings, dropout=0.0)
    list(train(trainer, Progress.fresh(trainer), 2, None, lambda n: None))

    optimiser = torch.optim.Adam(plain.parameters(), lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, SMALL.latents.learning_rate_decay)
    for epoch in (1, 2):
        for ids in pairs.draw(SMALL.latents.pairs, rng_for(4, "conditional", "bass", "pairs", epoch)).split(8):
            optimiser.zero_grad()
            nn.functional.mse_loss(plain(pairs.inputs[ids]), pairs.targets[ids]).backward()
            optimiser.step()
        schedule.step()
    inputs = torch.randn(9, 8)
    torch.testing.assert_close(
        dense(network.weights, inputs.unsqueeze(0))[0], plain(inputs).detach(), rtol=1e-3, atol=1e-4
    )


def test_the_held_out_losses_of_lead_and_followers_fall(tmp_path: Path) -> None:
    dataset = thesis_dataset(tmp_path / "d.h5")
    data = ThesisTrainingData(SMALL, LPD5, dataset.bank("train"), dataset.bank("valid"))
    vae = BandVae.fresh(SMALL, LPD5.names, seed=0)
    settings = TrainingSettings(8, 1e-2)
    for trainer in (data.for_melody(vae, settings), data.for_conditional(vae, LPD5.names[1:], settings)):
        epochs = list(train(trainer, Progress.fresh(trainer), 8, None, lambda n: None))
        for first, last in zip(epochs[0].records, epochs[-1].records, strict=True):
            assert last["valid_loss"] < first["valid_loss"]
