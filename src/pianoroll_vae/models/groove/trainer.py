"""Teaches a drummer. Knows nothing of files, and leaves it to others to say how well the drummer plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pianoroll_vae.models.groove.network import COMPLETED, DRUMS, OFFSETS, Groove, GrooveNetwork
from pianoroll_vae.models.groove.training_data import GrooveTrainingData

EPOCHS = 6
BATCH = 512
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.05
LOUD = 5.0
"""How much velocities count beside the rest: brings the losses to one size."""


def learn(data: GrooveTrainingData, seed: int, advance: Callable[[int], None], epochs: int = EPOCHS) -> Groove:
    """A drummer taught by `data`; the same lessons and seed give the same drummer."""
    with _alone(seed):
        network = GrooveNetwork()
        with torch.no_grad():  # to begin with, everybody plays as loud as all do on average
            network.state_dict()["touch.6.bias"].view(DRUMS, 1 + OFFSETS)[:, 0] = data.velocity.mean()
        adam = torch.optim.AdamW(network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        steps = epochs * -(-len(data) // BATCH)
        pace = torch.optim.lr_scheduler.CosineAnnealingLR(adam, max(steps, 1))
        rng = torch.Generator().manual_seed(seed)
        for _ in range(epochs):
            for batch in torch.split(torch.randperm(len(data), generator=rng), BATCH):
                adam.zero_grad()
                loss = _touch_loss(network, data, batch) + _fill_loss(network, data, batch, rng)
                loss.backward()  # type: ignore[no-untyped-call]
                adam.step()
                pace.step()
                advance(len(batch))
        return Groove(network.eval(), np.full(DRUMS, 0.5, np.float32), {})


@contextmanager
def _alone(seed: int) -> Iterator[None]:
    """One thread, which is faster for networks so small, and dice of its own."""
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(threads)


def _touch_loss(network: GrooveNetwork, data: GrooveTrainingData, batch: Tensor) -> Tensor:
    """Absolute errors, so that what is learned is what is most usual rather than what lies between two habits."""
    row, hit = data.hits_of(batch)
    song = data.song[batch]
    velocity, offset = network.touches(
        data.window[batch].float(), data.usual[song], data.about[batch], row, data.key[hit]
    )
    lively, played = (torch.from_numpy(flag)[song][row].float() for flag in (data.lively, data.played))
    loud = ((velocity - data.velocity[hit]).abs() * lively).sum() / lively.sum().clamp(1)
    beside = functional.cross_entropy(offset, data.offset[hit], reduction="none") * played
    return LOUD * loud + beside.sum() / played.sum().clamp(1)


def _fill_loss(network: GrooveNetwork, data: GrooveTrainingData, batch: Tensor, rng: torch.Generator) -> Tensor:
    """Of one or two drums that the song has, and of some that are decided first, all others are to be guessed."""
    window, usual = data.window[batch].float(), data.usual[data.song[batch]]
    known = torch.maximum(
        tapped(usual, rng), decided_before(torch.randint(len(COMPLETED), (len(batch),), generator=rng))
    )
    said = network.fills(window, usual, data.about[batch], known)
    wrong = functional.binary_cross_entropy_with_logits(said, window[:, window.shape[1] // 2], reduction="none")
    return (wrong * (1 - known)).sum() / len(batch)


def tapped(usual: Tensor, rng: torch.Generator) -> Tensor:
    """(n, DRUMS): of each song's drums one or two at random."""
    chance = torch.rand(usual.shape[0], DRUMS, generator=rng) * (usual.sum(1) > 0)
    best = chance.topk(2, 1)
    best.values[torch.rand(len(chance), generator=rng) < 0.5, 1] = 0
    return torch.zeros_like(chance).scatter_(1, best.indices, (best.values > 0).float())


def decided_before(turn: Tensor) -> Tensor:
    """(n, DRUMS): the drums that have been decided when it is the turn (n,) of one of `COMPLETED`."""
    order = torch.full((DRUMS,), DRUMS)
    order[list(COMPLETED)] = torch.arange(len(COMPLETED))
    return (order < turn[:, None]).float()
