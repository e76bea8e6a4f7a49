"""The trait model predicts each trait from those before it."""

import numpy as np
import pytest
import torch
from torch import Tensor

from pianoroll_vae.models.arranger.conditions import GENRES, TEMPOS
from pianoroll_vae.models.arranger.train.trait_model import TraitModel
from pianoroll_vae.models.arranger.traits import CLASSES, FIRST_CLASS, TRAITS, UNKNOWN_CLASS

INSTRUMENTS = 3


def model() -> TraitModel:
    network = TraitModel(INSTRUMENTS)
    torch.nn.init.normal_(network.logits.weight, generator=torch.Generator().manual_seed(0))
    torch.nn.init.normal_(network.logits.bias, generator=torch.Generator().manual_seed(1))
    return network.requires_grad_(False)


def songs(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Traits, genres and tempo, all known."""
    rng = np.random.default_rng(2)
    traits = rng.integers(1, CLASSES, (count, INSTRUMENTS, len(TRAITS)))
    return torch.from_numpy(traits), torch.ones(count, GENRES), torch.from_numpy(rng.integers(0, TEMPOS, count))


def test_a_trait_depends_on_those_before_it_alone() -> None:
    traits, genres, tempo = songs(1)
    before = model()(traits, genres, tempo)
    instrument, trait = 1, 3
    other = traits.clone()
    other[0, instrument, trait] = other[0, instrument, trait] % (CLASSES[trait] - 1) + 1
    changed = (model()(other, genres, tempo) != before)[0]
    first = int(FIRST_CLASS[trait + 1])
    assert not changed[:instrument].any()
    assert not changed[instrument, :first].any()
    assert changed[instrument, first:].all()
    assert changed[instrument + 1 :].all()


def test_genres_and_tempo_matter() -> None:
    traits, genres, tempo = songs(1)
    before = model()(traits, genres, tempo)
    assert (model()(traits, 0 * genres, tempo) != before).all()
    assert (model()(traits, genres, (tempo + 1) % TEMPOS) != before).all()


def test_only_known_traits_cost_nats() -> None:
    traits, genres, tempo = songs(4)
    network = model()
    assert network.nll(torch.full_like(traits, UNKNOWN_CLASS), genres, tempo) == 0
    one = torch.full_like(traits, UNKNOWN_CLASS)
    one[0, 0, 0] = traits[0, 0, 0]
    logits = network(one, genres, tempo)[0, 0, 1 : CLASSES[0]]
    expected = -logits.log_softmax(0)[traits[0, 0, 0] - 1]
    torch.testing.assert_close(network.nll(one, genres, tempo), expected)


def test_means_are_those_of_the_songs_in_which_a_part_plays() -> None:
    network = model()
    traits = np.full((3, INSTRUMENTS, len(TRAITS)), UNKNOWN_CLASS)
    traits[0, 1], traits[1, 1] = 1, 2
    network.set_means(traits)
    for index, trait in enumerate(TRAITS):
        assert float(network.get_buffer("means")[1, index]) == pytest.approx(trait.values[1:3].mean())
    assert not network.get_buffer("means")[[0, 2]].any()
