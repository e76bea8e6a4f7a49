"""The bar VAE in PyTorch: what it decodes, its names, and that numpy computes the same."""

import numpy as np
import pytest
import torch

from pianoroll_vae.models.arranger.parameters import CELLS, bar_vae_specs
from pianoroll_vae.models.arranger.play.bar_vae import BarVae
from pianoroll_vae.models.arranger.train import bar_vae
from pianoroll_vae.models.arranger.train.trainer import load_weights
from pianoroll_vae.models.arranger.train.windows import EncoderBars
from pianoroll_vae.music.band import LPD5
from tests.small_arranger import SMALL_ARRANGER, bar_notes, small_arranger_weights

SIZES = SMALL_ARRANGER.bar_vae


@pytest.fixture(scope="module")
def network() -> bar_vae.BarVae:
    network = bar_vae.BarVae(SIZES, len(LPD5))
    return load_weights(network, small_arranger_weights("bar_vae")).requires_grad_(False)


def some_bars(count: int = 7) -> EncoderBars:
    rng = np.random.default_rng(0)
    bars = [bar_notes(rng, 9).astype(np.int64) for _ in range(count)]
    bar = np.repeat(np.arange(count), [len(notes) for notes in bars])
    return EncoderBars(torch.from_numpy(np.concatenate(bars)), torch.from_numpy(bar), torch.arange(count) % 5)


def test_the_state_dict_has_the_names_and_shapes_of_the_specs(network: bar_vae.BarVae) -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    assert shapes == {name: spec.shape for name, spec in bar_vae_specs(SMALL_ARRANGER, len(LPD5)).items()}
    assert list(shapes) == list(bar_vae_specs(SMALL_ARRANGER, len(LPD5)))


def test_numpy_encodes_and_decodes_as_pytorch_does(network: bar_vae.BarVae) -> None:
    bars = some_bars()
    tensors = {name: tensor.numpy() for name, tensor in network.state_dict().items()}
    vae, instrument = BarVae(SIZES, tensors), bars.instrument.numpy()
    mean, _ = network.encoder(bars)
    means = vae.encode(bars.note.numpy(), bars.bar.numpy(), instrument)
    np.testing.assert_allclose(means, mean.numpy(), atol=1e-5)
    steps, pitches = network.decoder(mean, bars.instrument)
    features = vae.features(means, instrument)
    logits = network.decoder.onset_logits(steps, pitches, bars.instrument).reshape(len(bars), CELLS)
    np.testing.assert_allclose(vae.onset_logits(features), logits.numpy(), atol=1e-4)
    lengths, velocities = network.decoder.note_logits(steps, pitches, bars)
    cell = (bars.note[:, 0] * 128 + bars.note[:, 1]).numpy()
    classes = vae.note_classes(features, bars.bar.numpy(), cell)
    assert np.array_equal(classes[0], lengths.argmax(-1).numpy())
    assert np.array_equal(classes[1], velocities.argmax(-1).numpy())


def test_the_onset_nats_are_those_of_independent_cells(network: bar_vae.BarVae) -> None:
    bars = some_bars(3)
    latent, _ = network.encoder(bars)
    steps, pitches = network.decoder(latent, bars.instrument)
    logits = network.decoder.onset_logits(steps, pitches, bars.instrument)
    onsets = torch.zeros_like(logits)
    onsets[bars.bar, bars.note[:, 0], bars.note[:, 1]] = 1
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, onsets, reduction="sum")
    assert network.nll(latent, bars)[0].item() == pytest.approx(expected.item(), rel=1e-5)
