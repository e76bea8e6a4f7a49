"""The groove networks compute in numpy what they compute in PyTorch."""

import numpy as np
import torch

from pianoroll_vae.models.groove.groove import DRUMS, SHAPES, Groove, context_of, median_offset
from pianoroll_vae.models.groove.network import GrooveNetwork
from pianoroll_vae.music.drum_kit import DRUM_OF_KEY
from pianoroll_vae.music.drum_rhythm import SLOTS_PER_BEAT, played_rhythm
from tests.models.groove.songs import DRUMS_INDEX, drum_song

RHYTHM = played_rhythm(drum_song(7), DRUMS_INDEX, with_triplets=False)


def inputs(slots: np.ndarray) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    context = context_of(RHYTHM)
    hit_rate = torch.from_numpy(context.hit_rate).expand(len(slots), -1, -1)
    return (
        torch.from_numpy(context.window[slots].astype(np.float32)),
        hit_rate,
        torch.from_numpy(context.position[slots]),
    )


def test_the_tensors_are_those_of_the_networks() -> None:
    assert {name: tuple(tensor.shape) for name, tensor in GrooveNetwork().state_dict().items()} == SHAPES


@torch.inference_mode()
def test_velocities_and_offsets_are_the_same(groove: Groove) -> None:
    assert not RHYTHM.triplets[RHYTHM.slot // SLOTS_PER_BEAT].any()
    network = GrooveNetwork.from_arrays(groove.weights)
    slots, row = np.unique(RHYTHM.slot, return_inverse=True)
    velocity, logits = network.velocity_and_offset(*inputs(slots), torch.from_numpy(row), torch.from_numpy(RHYTHM.key))
    velocities, offsets = groove.velocity_and_offset(RHYTHM)
    assert np.abs(velocities - np.clip(velocity.numpy() * 127, 1, 127)).max() < 0.51
    assert np.allclose(offsets, median_offset(logits.double().softmax(-1).numpy()).clip(-2.5, 2.5), atol=1e-4)


@torch.inference_mode()
def test_the_probabilities_of_added_hits_are_the_same(groove: Groove) -> None:
    given = np.isin(np.arange(DRUMS), DRUM_OF_KEY[RHYTHM.key][:1])
    mask = torch.from_numpy(given.astype(np.float32)).expand(RHYTHM.slots, -1)
    expected = GrooveNetwork.from_arrays(groove.weights).hit_logits(*inputs(np.arange(RHYTHM.slots)), mask).sigmoid()
    assert np.allclose(groove.hit_probabilities(RHYTHM, given), expected.numpy(), atol=1e-5)
