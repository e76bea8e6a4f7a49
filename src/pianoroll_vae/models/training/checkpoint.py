"""Writes trained networks to model files and reads them back as PyTorch tensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pianoroll_vae.errors import ArtifactMissing
from pianoroll_vae.models.files import read_arrays, read_model, write_arrays
from pianoroll_vae.models.kinds import parameter_specs
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import Band

BEST, LAST = "best.safetensors", "last.safetensors"


@dataclass(frozen=True)
class Trained:
    """As `files.Model`, with the weights as tensors."""

    kind: str
    recipe: Recipe
    band: Band
    weights: Weights
    header: Mapping[str, Any]

    @property
    def fingerprints(self) -> dict[str, str]:
        return dict(self.header["fingerprints"])


def write_tensors(path: Path, header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """As `write_arrays`, from tensors on any device."""
    write_arrays(path, header, {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()})


def read_tensors(path: Path, expected: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """As `read_arrays`."""
    return {name: torch.from_numpy(array) for name, array in read_arrays(path, expected).items()}


def save_trained(path: Path, kind: str, recipe: Recipe, band: Band, weights: Weights, facts: Mapping[str, Any]) -> None:
    """Write trained networks. `facts`: `dataset`, `learned_from`, `scores`, … for the header."""
    header = {
        "kind": kind,
        "recipe": recipe.to_json(),
        "band": band.name,
        "fingerprints": fingerprints(weights),
        **facts,
    }
    write_tensors(path, header, weights.tensors())


def load_trained(path: Path, kind: str, command: str) -> Trained:
    """Read what `save_trained` wrote; `command` is what to run where there is nothing."""
    model = read_model(path, kind, command)
    specs = parameter_specs(kind, model.recipe, model.band)
    tensors = {
        f"{row}/{name}": torch.from_numpy(array) for row, part in model.rows.items() for name, array in part.items()
    }
    weights = Weights.from_tensors(tuple(model.rows), specs, tensors)
    return Trained(kind, model.recipe, model.band, weights, model.header)


def fingerprints(weights: Weights) -> dict[str, str]:
    """Instrument to a digest of its weights."""
    return {
        name: blake2b(row.contiguous().cpu().numpy().tobytes(), digest_size=16).hexdigest()
        for name, row in zip(weights.instruments, weights.flat, strict=True)
    }


def require_rows(trained: Trained, names: tuple[str, ...], command: str) -> None:
    """Refuse a model in which some of the rows `names` are not trained."""
    absent = [name for name in names if name not in trained.weights.instruments]
    if absent:
        raise ArtifactMissing(
            f"The {trained.kind} is not trained for {', '.join(absent)}.", f"Run: {command} --instrument {absent[0]}"
        )
