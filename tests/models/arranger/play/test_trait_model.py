"""Traits are drawn from the distributions of training, and what is known stays."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pianoroll_vae.models.arranger.conditions import Conditions
from pianoroll_vae.models.arranger.play.trait_model import TraitModel
from pianoroll_vae.models.arranger.traits import CLASSES, DENSITY, FIRST_CLASS, TRAITS, UNKNOWN_CLASS
from tests.small_arranger import random_conditions, small_prior

NETWORK = small_prior("melody").traits
assert NETWORK is not None
torch.nn.init.normal_(NETWORK.logits.weight, generator=torch.Generator().manual_seed(0))
MODEL = TraitModel({f"traits.{name}": weight.numpy() for name, weight in NETWORK.state_dict().items()})


def unknown() -> Conditions:
    conditions = random_conditions(np.random.default_rng(1))
    return replace(conditions, traits=np.full((5, len(TRAITS)), UNKNOWN_CLASS))


def test_the_likeliest_traits_are_those_of_the_network() -> None:
    conditions = unknown()
    traits = MODEL.complete(conditions, 0.0, np.random.default_rng(0))
    inputs = (array[None] for array in (traits, conditions.genres, np.asarray(conditions.tempo)))
    assert NETWORK is not None
    logits = NETWORK(*map(torch.from_numpy, inputs))[0].numpy()
    for instrument, row in enumerate(traits):
        for trait, count in enumerate(CLASSES):
            first = FIRST_CLASS[trait]
            assert row[trait] == 1 + logits[instrument, first + 1 : first + count].argmax()


def test_what_is_known_stays_and_the_rest_is_drawn() -> None:
    known = replace(unknown(), traits=random_conditions(np.random.default_rng(3)).traits)
    traits = MODEL.complete(known, 1.0, np.random.default_rng(0))
    given = known.traits != UNKNOWN_CLASS
    assert np.array_equal(traits[given], known.traits[given])
    assert ((traits > UNKNOWN_CLASS) & (traits < CLASSES)).all()


def test_the_shares_of_densities_are_those_of_drawn_songs() -> None:
    conditions = unknown()
    drawn = [MODEL.complete(conditions, 1.0, np.random.default_rng(seed))[:, DENSITY] for seed in range(1500)]
    shares = MODEL.density_shares(conditions)
    assert shares.shape == (5, CLASSES[DENSITY] - 1)
    assert shares.sum(1) == pytest.approx(np.ones(5))
    for own, share in zip(np.array(drawn).T, shares, strict=True):
        assert np.bincount(own, minlength=CLASSES[DENSITY])[1:] / len(own) == pytest.approx(share, abs=0.08)


def test_the_first_trait_has_the_frequencies_of_its_distribution() -> None:
    conditions = unknown()
    first = [MODEL.complete(conditions, 1.0, np.random.default_rng(seed))[0, 0] for seed in range(1500)]
    inputs = (array[None] for array in (conditions.traits, conditions.genres, np.asarray(conditions.tempo)))
    assert NETWORK is not None
    share = NETWORK(*map(torch.from_numpy, inputs))[0, 0, 1 : CLASSES[0]].softmax(0).numpy()
    assert np.bincount(first, minlength=CLASSES[0])[1:] / len(first) == pytest.approx(share, abs=0.05)
