"""Saves and resumes a training run: weights, optimiser state, best weights so far and progress, in one file.

Random numbers need no saving: they follow from seed, instrument and epoch. The file of another run (other recipe, data,
instruments, seed or batch size) is not resumed. One of the same run with another optimiser, as earlier versions had it,
is refused: it could not be resumed to the bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pianoroll_vae.errors import ArtifactDamaged, ArtifactStale
from pianoroll_vae.models.files import read_header, tensor_names
from pianoroll_vae.models.training.checkpoint import read_tensors, write_tensors
from pianoroll_vae.models.training.loop import Progress, Trainer
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.paths import is_file
from pianoroll_vae.schema import SchemaError, any_float, bounded, build


@dataclass(frozen=True)
class _Numbers:
    """The numbers of a `Progress` as a file has them: one for each instrument, but for the last epoch."""

    epoch: int = bounded(0, 0)
    best_loss: tuple[float, ...] = any_float(())
    best_epoch: tuple[int, ...] = bounded((), 0)
    scores: tuple[Mapping[str, float], ...] = any_float(())
    ended: str = ""


def save_progress(path: Path, run: Mapping[str, Any], trainer: Trainer, progress: Progress) -> None:
    """Write everything the run needs to continue. `run`: what distinguishes this run from others, as JSON."""
    numbers = {field.name: getattr(progress, field.name) for field in fields(progress) if field.name != "best"}
    write_tensors(path, {"kind": "training", "run": dict(run), "progress": numbers}, _tensors(trainer, progress))


def load_progress(path: Path, run: Mapping[str, Any], trainer: Trainer) -> Progress | None:
    """Copy the state of the run in the file into `trainer`. None, and nothing changed, where the file holds no such
    run. ArtifactStale where another optimiser has begun it."""
    if not is_file(path):
        return None
    progress = Progress.fresh(trainer)
    try:
        header = read_header(path)
        if header.get("kind") != "training" or header.get("run") != dict(run):
            return None
        numbers = build(_Numbers, header.get("progress"))
        state = _tensors(trainer, progress)
        if tensor_names(path) != set(state):
            raise ArtifactStale(
                f"{path} has a run that an earlier version began with another optimiser; this one cannot continue it.",
                "Train it from the beginning: the same command with --restart.",
            )
        saved = read_tensors(path, state)
    except (ArtifactDamaged, SchemaError):
        return None
    if {len(numbers.best_loss), len(numbers.best_epoch), len(numbers.scores)} != {len(trainer.instruments)}:
        return None
    with torch.no_grad():
        for name, tensor in state.items():
            tensor.copy_(saved[name])
    return Progress(
        progress.best,
        numbers.epoch,
        list(numbers.best_loss),
        list(numbers.best_epoch),
        [dict(scores) for scores in numbers.scores],
        numbers.ended,
    )


def copy_weights(weights: Weights, trainer: Trainer) -> None:
    """Let training start from `weights`, which hold at least the trainer's instruments."""
    tensors = weights.tensors()
    with torch.no_grad():
        for name, weight in trainer.named_weights().items():
            weight.copy_(tensors[name])


def _tensors(trainer: Trainer, progress: Progress) -> dict[str, Tensor]:
    """All tensors of a run by their names in the file, not copies."""
    groups = {"weights": trainer.named_weights(), "optimizer": trainer.optimizer_state(), "best": progress.best}
    return {f"{group}/{name}": tensor for group, tensors in groups.items() for name, tensor in tensors.items()}
