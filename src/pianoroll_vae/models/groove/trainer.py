"""Trains the groove networks: both at once, with AdamW and a learning rate that falls along a cosine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from pianoroll_vae.models.groove.groove import COMPLETION_ORDER, DRUMS, OFFSETS, Groove
from pianoroll_vae.models.groove.network import GrooveNetwork
from pianoroll_vae.models.groove.training_data import GrooveTrainingData
from pianoroll_vae.models.training.adam import AdamW, adam_state
from pianoroll_vae.models.training.loop import Advance, Metrics

EPOCHS = 6
BATCH_SIZE = 512
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 0.05
VELOCITY_WEIGHT = 5.0
"""Of the velocity loss: brings it to the size of the others."""

ROW = "drums"
"""The name of the networks in metrics and checkpoints: they belong to one instrument."""

Losses = tuple[Tensor, Tensor, Tensor]


class GrooveTrainer:
    """A `training.loop.Trainer`.

    The order of the slots and the taps come from one generator, initial weights and dropout from PyTorch's global one,
    both seeded once. Their states are part of the optimiser state, so that a resumed run draws the same numbers.
    """

    stage = "groove"
    instruments = (ROW,)
    unit = "slots"
    max_loss = 1e3

    def __init__(self, data: GrooveTrainingData, valid: GrooveTrainingData, seed: int, epochs: int = EPOCHS) -> None:
        self._data, self._valid = data, valid
        self.samples_per_epoch = len(data)
        self._rng = torch.Generator().manual_seed(seed)
        self._rng_state = self._rng.get_state()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = GrooveNetwork()
            self._global_rng_state = torch.get_rng_state()
        with torch.no_grad():  # training starts from the mean velocity
            self.network.state_dict()["touch.6.bias"].view(DRUMS, 1 + OFFSETS)[:, 0] = data.velocity.mean()
        self._optimizer = AdamW(self.network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        self._batches_per_epoch = -(-len(data) // BATCH_SIZE)
        self._learning_rates = _cosine_learning_rates(epochs * self._batches_per_epoch)

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        self.network.train()
        total = torch.zeros(3)
        with self._random_numbers():
            first = (epoch - 1) * self._batches_per_epoch
            order = torch.randperm(len(self._data), generator=self._rng)
            for update, batch in enumerate(torch.split(order, BATCH_SIZE), first):
                self._optimizer.param_groups[0]["lr"] = self._learning_rates[update]
                self._optimizer.zero_grad()
                losses = _losses(self.network, self._data, batch, self._rng)
                loss = _total(losses)
                loss.backward()
                self._optimizer.step()
                total += torch.stack(losses).detach() * len(batch)
                advance(len(batch))
        return _metrics(total / len(self._data), "")

    @torch.inference_mode()
    def validate(self) -> Metrics:
        """The same taps in every epoch, so that the losses can be compared."""
        self.network.eval()
        total = torch.zeros(3)
        rng = torch.Generator().manual_seed(0)
        for batch in torch.split(torch.arange(len(self._valid)), BATCH_SIZE):
            total += torch.stack(_losses(self.network, self._valid, batch, rng)) * len(batch)
        return _metrics(total / len(self._valid), "valid_")

    def groove(self) -> Groove:
        """The networks after the last epoch, in which the learning rate falls to 0; thresholds are not fitted yet."""
        return Groove(self.network.to_arrays(), np.full(DRUMS, 0.5, np.float32))

    def named_weights(self) -> Mapping[str, Tensor]:
        return {f"{ROW}/{name}": weight for name, weight in self.network.named_parameters()}

    def optimizer_state(self) -> Mapping[str, Tensor]:
        names = [name for name, _ in self.network.named_parameters()]
        states = {"rng": self._rng_state, "global_rng": self._global_rng_state}
        return adam_state(self._optimizer, names) | states

    @contextmanager
    def _random_numbers(self) -> Iterator[None]:
        """Continue both generators where the last epoch left them. One thread, which is faster for small networks."""
        threads = torch.get_num_threads()
        self._rng.set_state(self._rng_state)
        with torch.random.fork_rng(devices=[]):
            torch.set_rng_state(self._global_rng_state)
            torch.set_num_threads(1)
            try:
                yield
            finally:
                torch.set_num_threads(threads)
            self._global_rng_state.copy_(torch.get_rng_state())
        self._rng_state.copy_(self._rng.get_state())


def _cosine_learning_rates(updates: int) -> list[float]:
    """The learning rate of every update; PyTorch's scheduler computes each from the one before, so all are listed."""
    optimizer = AdamW([torch.zeros(1, requires_grad=True)], LEARNING_RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(updates, 1))
    rates = []
    for _ in range(updates):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step()
    return rates


def _total(losses: Losses) -> Tensor:
    velocity, offset, fill = losses
    return VELOCITY_WEIGHT * velocity + offset + fill


def _metrics(losses: Tensor, prefix: str) -> Metrics:
    """Of (3,) mean losses."""
    velocity, offset, fill = losses
    named = {"loss": _total((velocity, offset, fill)), "velocity": velocity, "offset": offset, "fill": fill}
    return {f"{prefix}{name}": [float(loss)] for name, loss in named.items()}


def _losses(network: GrooveNetwork, data: GrooveTrainingData, batch: Tensor, rng: torch.Generator) -> Losses:
    """Velocity (mean absolute error), offset (cross-entropy) and fill (cross-entropy of all drums of a slot)."""
    return *_touch_losses(network, data, batch), _fill_loss(network, data, batch, rng)


def _touch_losses(network: GrooveNetwork, data: GrooveTrainingData, batch: Tensor) -> tuple[Tensor, Tensor]:
    """The absolute error is least at the median: where songs do one of two things, the mean would be neither."""
    row, hit = data.hits_of(batch)
    song = data.song[batch]
    velocity, logits = network.velocity_and_offset(
        data.window[batch].float(), data.hit_rate[song], data.position[batch], row, data.key[hit]
    )
    dynamics, timing = (torch.from_numpy(flag)[song][row].float() for flag in (data.has_dynamics, data.has_timing))
    velocity_loss = ((velocity - data.velocity[hit]).abs() * dynamics).sum() / dynamics.sum().clamp(1)
    offset_loss = functional.cross_entropy(logits, data.offset[hit], reduction="none") * timing
    return velocity_loss, offset_loss.sum() / timing.sum().clamp(1)


def _fill_loss(network: GrooveNetwork, data: GrooveTrainingData, batch: Tensor, rng: torch.Generator) -> Tensor:
    """Given one or two drums of the song and some that come first in `COMPLETION_ORDER`, predict all others."""
    window, hit_rate = data.window[batch].float(), data.hit_rate[data.song[batch]]
    taps = sample_taps(hit_rate, rng)
    given = torch.maximum(taps, first_drums(torch.randint(len(COMPLETION_ORDER), (len(batch),), generator=rng)))
    logits = network.hit_logits(window, hit_rate, data.position[batch], given)
    loss = functional.binary_cross_entropy_with_logits(logits, window[:, window.shape[1] // 2], reduction="none")
    return (loss * (1 - given)).sum() / len(batch)


def sample_taps(hit_rate: Tensor, rng: torch.Generator) -> Tensor:
    """(n, DRUMS): 1 for one or two random drums among those that each song has."""
    score = torch.rand(hit_rate.shape[0], DRUMS, generator=rng) * (hit_rate.sum(1) > 0)
    best = score.topk(2, 1)
    best.values[torch.rand(len(score), generator=rng) < 0.5, 1] = 0
    return torch.zeros_like(score).scatter_(1, best.indices, (best.values > 0).float())


def first_drums(count: Tensor) -> Tensor:
    """(n, DRUMS): 1 for the first `count` (n,) drums of `COMPLETION_ORDER`."""
    order = torch.full((DRUMS,), DRUMS)
    order[list(COMPLETION_ORDER)] = torch.arange(len(COMPLETION_ORDER))
    return (order < count[:, None]).float()
