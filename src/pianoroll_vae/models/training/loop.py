"""The epoch loop that trains every network of every recipe.

`train` runs the epochs of a `Trainer`, keeps the best weights of each network and stops early. It yields an `Epoch`
after each one; the caller shows it, saves it (resume.py) or stops. The loop reads no files and computes no gradients.

A `Trainer` resumes to the bit where two things hold:

* `named_weights` and `optimizer_state` return the tensors themselves, not copies, in float32 or int64: resuming copies
  the saved values into them. A trainer of `nn.Module`s returns their parameters under `instrument/name`, and for an
  `adam.Adam` or `adam.AdamW` the result of `adam.adam_state(optimizer, names)`.
* An epoch depends on these tensors, the seed and the number of the epoch alone. Random numbers come from
  `rng.rng_for(seed, …, epoch)`, learning rates from the number of updates done before.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from pianoroll_vae.errors import DeviceUnavailable, TrainingDiverged, counted

Metrics = dict[str, list[float]]
"""Name of a metric to its value for each instrument."""

Advance = Callable[[int], None]
"""Called with the number of samples trained since the last call."""


class Trainer(Protocol):
    """Networks of one kind and what they are trained on: a network an instrument, or one for several instruments."""

    @property
    def stage(self) -> str:
        """Kind of the networks in metrics and messages: `vae`, `melody`, `conditional`, …"""

    @property
    def instruments(self) -> tuple[str, ...]:
        """Names of the networks, in the order of `Metrics`."""

    @property
    def unit(self) -> str:
        """What a sample is: `rolls`, `pairs`, `notes`, …"""

    @property
    def samples_per_epoch(self) -> int:
        """Of all networks together."""

    @property
    def max_loss(self) -> float:
        """A larger loss means that training has diverged."""

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        """Train on all samples once. epoch: from 1. Returns means over the epoch, `loss` among them."""

    def validate(self) -> Metrics:
        """Metrics of the held-out songs, `valid_loss` among them; empty where no song is held out."""

    def named_weights(self) -> Mapping[str, Tensor]:
        """`instrument/name`, as a checkpoint stores them, to the weights themselves."""

    def optimizer_state(self) -> Mapping[str, Tensor]:
        """Moments and step counts of the optimiser, by names of the trainer's choice."""


@dataclass
class Progress:
    """How far training has come. With the trainer's tensors it is all that a resumed run needs."""

    best: dict[str, Tensor]
    """`instrument/name` to each instrument's weights at its best epoch."""

    epoch: int = 0
    best_loss: list[float] = field(default_factory=list)
    best_epoch: list[int] = field(default_factory=list)
    scores: list[dict[str, float]] = field(default_factory=list)
    """The metrics of each instrument's best epoch."""

    ended: str = ""
    """Why training ended; empty while it continues."""

    @classmethod
    def fresh(cls, trainer: Trainer) -> "Progress":
        count = len(trainer.instruments)
        best = {name: weight.detach().clone() for name, weight in trainer.named_weights().items()}
        return cls(best, 0, [math.inf] * count, [0] * count, [{} for _ in range(count)])

    @classmethod
    def from_trained(cls, trainer: Trainer) -> "Progress":
        """Of weights that are trained ones: an epoch is better only if its held-out loss is lower than theirs."""
        progress = cls.fresh(trainer)
        if metrics := trainer.validate():
            _keep_best(progress, 0, metrics, trainer)
        return progress


@dataclass(frozen=True)
class Epoch:
    """The records of one epoch, one an instrument, and the instruments whose loss is the lowest so far."""

    number: int
    records: tuple[dict[str, Any], ...]
    improved: tuple[str, ...]


def train(trainer: Trainer, progress: Progress, epochs: int, patience: int | None, advance: Advance) -> Iterator[Epoch]:
    """Train from `progress` until `epochs`, or until no instrument has improved for `patience` epochs."""
    names = trainer.instruments
    while not progress.ended:
        if progress.epoch >= epochs:
            progress.ended = _all_trained(epochs)
            return
        number = progress.epoch + 1
        started = time.perf_counter()
        try:
            metrics = trainer.train_epoch(number, advance)
        except torch.OutOfMemoryError:
            raise _out_of_memory(number, trainer) from None
        seconds = time.perf_counter() - started
        _refuse_divergence(number, metrics["loss"], trainer)
        metrics |= trainer.validate()
        improved = _keep_best(progress, number, metrics, trainer)
        progress.epoch = number
        if patience and number - max(progress.best_epoch) >= patience:
            progress.ended = f"no better held-out loss for {counted(patience, 'epoch')}"
        elif number == epochs:
            progress.ended = _all_trained(epochs)
        rate = trainer.samples_per_epoch / seconds
        records = [
            {
                "stage": trainer.stage,
                "instrument": name,
                "epoch": number,
                **{metric: values[i] for metric, values in metrics.items()},
                f"{trainer.unit}_per_second": rate,
                "seconds": seconds,
                "best_epoch": progress.best_epoch[i],
                "ended": progress.ended,
            }
            for i, name in enumerate(names)
        ]
        yield Epoch(number, tuple(records), improved)


def _all_trained(epochs: int) -> str:
    return "1 epoch trained" if epochs == 1 else f"all {epochs} epochs trained"


@torch.no_grad()
def _keep_best(progress: Progress, number: int, metrics: Metrics, trainer: Trainer) -> tuple[str, ...]:
    losses = metrics["valid_loss" if "valid_loss" in metrics else "loss"]
    improved = [i for i, loss in enumerate(losses) if loss < progress.best_loss[i]]
    names = tuple(trainer.instruments[i] for i in improved)
    for i in improved:
        progress.best_loss[i], progress.best_epoch[i] = losses[i], number
        progress.scores[i] = {metric: values[i] for metric, values in metrics.items()}
    for name, weight in trainer.named_weights().items():
        if name.partition("/")[0] in names:
            progress.best[name].copy_(weight)
    return names


def _out_of_memory(number: int, trainer: Trainer) -> DeviceUnavailable:
    return DeviceUnavailable(
        f"The GPU's memory ran out in epoch {number} of the {trainer.stage}. The last good checkpoint is kept.",
        "Give it less at once: a smaller --batch-size; or end what else uses the GPU, and run the command again.",
    )


def _refuse_divergence(number: int, losses: Sequence[float], trainer: Trainer) -> None:
    names = trainer.instruments
    diverged = [name for name, loss in zip(names, losses, strict=True) if not loss < trainer.max_loss]
    finite = all(bool(torch.isfinite(weight).all()) for weight in trainer.named_weights().values())
    if diverged or not finite:
        raise TrainingDiverged(
            f"Training of the {trainer.stage} diverged in epoch {number} ({', '.join(diverged or names)}): the loss is "
            f"not finite, or above {trainer.max_loss:,.0f}. The last good checkpoint is kept.",
            "Lower the learning rate: --learning-rate 0.0003, or a smaller --batch-size; then run the command again.",
        )
