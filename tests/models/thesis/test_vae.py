"""The VAE of linear layers computes what the convolutions of the thesis compute."""

import pytest
import torch
from torch import nn

from pianoroll_vae.models.recipe import find_recipe
from pianoroll_vae.models.thesis.latent_networks import ConditionalNN, MelodyNN
from pianoroll_vae.models.thesis.patches import PatchOrder
from pianoroll_vae.models.thesis.sparse_encode import MIN_ROLLS
from pianoroll_vae.models.thesis.vae import BandVae
from tests.models.thesis.plain_networks import PlainVae, as_matrices, copy_into

THESIS = find_recipe("thesis")
BAND = ("piano", "guitar", "bass")


def plains_and_ours() -> tuple[list[PlainVae], BandVae]:
    torch.manual_seed(0)
    plains = [PlainVae() for _ in BAND]
    ours = BandVae.fresh(THESIS, BAND, seed=0)
    copy_into(ours.weights, plains)
    return plains, ours


def test_a_vae_of_the_thesis_has_1322131_parameters() -> None:
    assert BandVae.fresh(THESIS, BAND, seed=0).weights.parameters == 1_322_131
    assert sum(p.numel() for p in PlainVae().parameters()) == 1_322_131


def test_the_latent_networks_of_the_thesis_have_20752_and_6288_parameters() -> None:
    assert MelodyNN.fresh(THESIS, "piano", seed=0).weights.parameters == 20_752
    assert ConditionalNN.fresh(THESIS, BAND[1:], seed=0).weights.parameters == 6_288


def test_patch_order_returns_every_cell_to_its_place() -> None:
    order = PatchOrder(THESIS.vae.kernels, 32, 128)
    rolls = torch.arange(2 * 32 * 128).view(2, 32, 128)
    cells = order.from_rolls(rolls)
    assert cells.shape == (2, 256, 16)
    assert torch.equal(cells[0, 0], rolls[0, :4, :4].flatten())
    assert torch.equal(order.to_rolls(cells), rolls)


@pytest.mark.parametrize("rolls_each", [4, MIN_ROLLS])
def test_the_encoder_equals_strided_convolutions_with_the_same_weights(rolls_each: int) -> None:
    plains, ours = plains_and_ours()
    rolls = torch.rand(rolls_each, len(BAND), 32, 128)
    means, log_std = ours.encode(rolls)
    assert means.shape == (rolls_each, len(BAND), 16)
    assert log_std.shape == (rolls_each, len(BAND), 1)
    for i, plain in enumerate(plains):
        torch.testing.assert_close(torch.cat([means, log_std], -1)[:, i], plain.encode(rolls[:, i : i + 1]))


def test_rolls_with_silence_are_encoded_as_by_convolutions() -> None:
    plains, ours = plains_and_ours()
    rolls = torch.zeros(MIN_ROLLS, len(BAND), 32, 128)
    rolls[1, :, 5:9, 60] = 0.7
    rolls[2, 0, 31, 127] = rolls[2, 0, 0, 0] = 0.2
    means, log_std = ours.encode(rolls)
    for i, plain in enumerate(plains):
        torch.testing.assert_close(torch.cat([means, log_std], -1)[:, i], plain.encode(rolls[:, i : i + 1]))
    assert torch.equal(ours.encode(torch.zeros(MIN_ROLLS, len(BAND), 32, 128))[0], means[[0] * MIN_ROLLS])


@pytest.mark.parametrize("rolls_each", [4, MIN_ROLLS])
def test_the_decoder_equals_transposed_convolutions_with_the_same_weights(rolls_each: int) -> None:
    plains, ours = plains_and_ours()
    latents = torch.randn(rolls_each, len(BAND), 16)
    cells = ours.order.to_rolls(ours.decode_patches(latents.transpose(0, 1))).transpose(0, 1)
    assert cells.shape == (rolls_each, len(BAND), 32, 128)
    for i, plain in enumerate(plains):
        torch.testing.assert_close(cells[:, i], plain.decode(latents[:, i])[:, 0])


def test_gradients_equal_those_of_the_convolutions() -> None:
    plains, ours = plains_and_ours()
    rolls, noise = torch.rand(4, len(BAND), 32, 128), torch.randn(4, len(BAND), 16)
    for i, (plain, network) in enumerate(zip(plains, ours.networks, strict=True)):
        network.requires_grad_()
        cells = ours.order.from_rolls(rolls[:, i])
        code = network.encode(cells)
        decoded = network.decode(code[:, :16] + code[:, 16:].exp() * noise[:, i])
        (decoded.view(cells.shape) - cells).square().sum().backward()
        network.log_sigma.grad = torch.zeros(1)
        code = plain.encode(rolls[:, i : i + 1])
        decoded = plain.decode(code[:, :16] + code[:, 16:].exp() * noise[:, i])
        (decoded[:, 0] - rolls[:, i]).square().sum().backward()
        plain.log_sigma.grad = torch.zeros(1)
        expected = as_matrices(plain, gradients=True)
        for name, parameter in network.named_parameters():
            torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-3, atol=1e-2)


def test_an_instruments_first_weights_do_not_depend_on_the_others() -> None:
    together, alone = BandVae.fresh(THESIS, BAND, seed=3), BandVae.fresh(THESIS, ("guitar",), seed=3)
    assert torch.equal(together.weights.flat[1], alone.weights.flat[0])
    assert not torch.equal(together.weights.flat[0], together.weights.flat[1])


def test_weights_are_initialised_as_pytorch_layers_are() -> None:
    ours = as_bounds(BandVae.fresh(THESIS, ("piano",), seed=0).weights.views())
    torch.manual_seed(0)
    for name, bound in as_bounds({k: v.unsqueeze(0) for k, v in as_matrices(PlainVae()).items()}).items():
        assert abs(ours[name] - bound) <= 0.25 * bound, name


def as_bounds(views: dict[str, torch.Tensor]) -> dict[str, float]:
    """Largest magnitude of every tensor with enough entries to show the bound of its uniform distribution."""
    return {name: float(view.abs().max()) for name, view in views.items() if view.numel() >= 16}


def test_the_melody_network_equals_plain_linear_layers() -> None:
    network = MelodyNN.fresh(THESIS, "piano", seed=0)
    views = network.weights.views()
    latents = torch.randn(7, 16)
    hidden = latents
    for layer in range(3):
        hidden = nn.functional.linear(hidden, views[f"{layer}.weight"][0].t(), views[f"{layer}.bias"][0])
        hidden = torch.relu(hidden) if layer < 2 else hidden
    torch.testing.assert_close(network.next(latents), hidden)


def test_inputs_of_the_conditional_network_are_its_own_latent_and_then_the_leads() -> None:
    network = ConditionalNN.fresh(THESIS, BAND[1:], seed=0)
    views = network.weights.views()
    own, lead = torch.randn(5, 2, 16), torch.randn(5, 16)
    for i in range(2):
        inputs = torch.cat([own[:, i], lead], dim=1)
        hidden = torch.relu(inputs @ views["0.weight"][i] + views["0.bias"][i])
        expected = hidden @ views["1.weight"][i] + views["1.bias"][i]
        torch.testing.assert_close(network.next(own, lead)[:, i], expected)
