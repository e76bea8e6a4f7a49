"""The one training loop: whoever can learn an epoch and say how well it does is trained, watched, resumed and stopped.

Yields its epochs; whoever iterates shows them, saves them, or stops. Knows no files and no networks.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from pianoroll_vae.errors import DeviceUnavailable, TrainingDiverged
from pianoroll_vae.models.training.adam import Adam
from pianoroll_vae.models.training.weights import Weights

Figures = dict[str, list[float]]
"""Name of a figure to its value for each instrument."""

Advance = Callable[[int], None]


class Trainer(Protocol):
    """Networks, one an instrument, and what they learn from."""

    stage: str
    weights: Weights
    adam: Adam
    samples: int
    """Samples of all instruments in an epoch: rolls, or pairs of latents."""

    unit: str
    absurd_loss: float
    """A loss beyond this says nothing but that training has gone wrong."""

    def learn(self, epoch: int, advance: Advance) -> Figures:
        """Train on everything once; means over the epoch, `loss` among them. Depends on seed and epoch alone."""

    def examine(self) -> Figures:
        """Held-out figures with the weights as they are, `valid_loss` among them; empty where nothing is held out."""


@dataclass
class Progress:
    """How far training has come: with the weights and Adam's moments, all that a run needs to go on exactly."""

    best: Tensor
    """(instruments, parameters): each instrument's weights at its best epoch."""

    epoch: int = 0
    best_loss: list[float] = field(default_factory=list)
    best_epoch: list[int] = field(default_factory=list)
    scores: list[dict[str, float]] = field(default_factory=list)
    """The held-out figures of each instrument's best epoch."""

    ended: str = ""
    """Why training ended; empty while it may go on."""

    @classmethod
    def fresh(cls, weights: Weights) -> "Progress":
        count = len(weights.instruments)
        return cls(weights.flat.clone(), 0, [math.inf] * count, [0] * count, [{} for _ in range(count)])


@dataclass(frozen=True)
class Epoch:
    """One epoch's records, an instrument each, and which instruments are now better than ever."""

    number: int
    records: tuple[dict[str, Any], ...]
    improved: tuple[str, ...]


def learn(trainer: Trainer, progress: Progress, epochs: int, patience: int | None, advance: Advance) -> Iterator[Epoch]:
    """Train from where `progress` stands until `epochs`, or until no instrument has improved for `patience` epochs."""
    names = trainer.weights.instruments
    while not progress.ended:
        if progress.epoch >= epochs:
            progress.ended = f"all {epochs} epochs trained"
            return
        number = progress.epoch + 1
        started = time.perf_counter()
        try:
            figures = trainer.learn(number, advance)
        except torch.OutOfMemoryError:
            raise _memory_ran_out(number, trainer) from None
        seconds = time.perf_counter() - started
        _refuse_nonsense(number, names, figures["loss"], trainer)
        figures |= trainer.examine()
        improved = _remember_best(progress, number, names, figures, trainer.weights)
        progress.epoch = number
        if patience and number - max(progress.best_epoch) >= patience:
            progress.ended = f"no better held-out loss for {patience} epochs"
        elif number == epochs:
            progress.ended = f"all {epochs} epochs trained"
        rate = trainer.samples / seconds
        records = [
            {
                "stage": trainer.stage,
                "instrument": name,
                "epoch": number,
                **{figure: values[i] for figure, values in figures.items()},
                f"{trainer.unit}_per_second": rate,
                "seconds": seconds,
                "best_epoch": progress.best_epoch[i],
                "ended": progress.ended,
            }
            for i, name in enumerate(names)
        ]
        yield Epoch(number, tuple(records), improved)


def _remember_best(
    progress: Progress, number: int, names: Sequence[str], figures: Figures, weights: Weights
) -> tuple[str, ...]:
    losses = figures.get("valid_loss", figures["loss"])
    improved = [i for i, loss in enumerate(losses) if loss < progress.best_loss[i]]
    for i in improved:
        progress.best[i].copy_(weights.flat[i])
        progress.best_loss[i], progress.best_epoch[i] = losses[i], number
        progress.scores[i] = {figure: values[i] for figure, values in figures.items()}
    return tuple(names[i] for i in improved)


def _memory_ran_out(number: int, trainer: Trainer) -> DeviceUnavailable:
    return DeviceUnavailable(
        f"The GPU's memory ran out in epoch {number} of the {trainer.stage}. The last good checkpoint is kept.",
        "Give it less at once: a smaller --batch-size; or end what else uses the GPU, and run the command again.",
    )


def _refuse_nonsense(number: int, names: Sequence[str], losses: list[float], trainer: Trainer) -> None:
    lost = [name for name, loss in zip(names, losses, strict=True) if not loss < trainer.absurd_loss]
    if lost or not bool(torch.isfinite(trainer.weights.flat).all()):
        raise TrainingDiverged(
            f"Training of the {trainer.stage} went astray in epoch {number} ({', '.join(lost or names)}): the loss is "
            f"no longer a sensible number. The last good checkpoint is kept.",
            "Lower the learning rate: --learning-rate 0.0003, or a smaller --batch-size; then run the command again.",
        )
