"""A run taken up where it was left: weights, Adam's moments and the best so far, in one file.

Random numbers need no saving: they follow from seed, instrument and epoch. A file of another run (other recipe, data,
instruments, seed or batch) is not taken up. Knows nothing of what is trained.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.models.files import read_header
from pianoroll_vae.models.training.checkpoint import read_tensors, write_tensors
from pianoroll_vae.models.training.loop import Progress, Trainer


def save_progress(path: Path, run: Mapping[str, Any], trainer: Trainer, progress: Progress) -> None:
    """Write everything the run needs to go on. `run`: what makes it this run and no other, as JSON."""
    said = asdict(progress)
    tensors = {
        "weights": trainer.weights.flat,
        "first": trainer.adam.first,
        "second": trainer.adam.second,
        "steps": trainer.adam.steps,
        "best": said.pop("best"),
    }
    write_tensors(path, {"kind": "training", "run": dict(run), "progress": said}, tensors)


def load_progress(path: Path, run: Mapping[str, Any], trainer: Trainer) -> Progress | None:
    """Bring `trainer` to where the run in the file stood; None, and nothing changed, where there is no such run."""
    if not path.is_file():
        return None
    try:
        header = read_header(path)
        if header["kind"] != "training" or header["run"] != dict(run):
            return None
        block = tuple(trainer.weights.flat.shape)
        shapes = {"weights": block, "first": block, "second": block, "best": block, "steps": block[:1]}
        tensors = read_tensors(path, shapes)
        progress = Progress(best=tensors["best"].to(trainer.weights.flat.device), **header["progress"])
    except (ArtifactDamaged, KeyError, TypeError):
        return None
    trainer.weights.flat.copy_(tensors["weights"])
    trainer.adam.first.copy_(tensors["first"])
    trainer.adam.second.copy_(tensors["second"])
    trainer.adam.steps.copy_(tensors["steps"])
    return progress
