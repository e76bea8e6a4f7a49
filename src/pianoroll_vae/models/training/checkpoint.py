"""Writes trained networks to model files and reads them back as PyTorch tensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.files import read_arrays, write_arrays
from pianoroll_vae.models.model import Kind
from pianoroll_vae.models.model_files import read_model
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import Band

BEST, LAST = "best.safetensors", "last.safetensors"


@dataclass(frozen=True)
class Trained:
    """As `files.Model`, with the weights as tensors."""

    kind: Kind
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


def save_trained(
    path: Path, kind: Kind, recipe: Recipe, band: Band, weights: Weights, facts: Mapping[str, Any]
) -> None:
    """Write a model file. `facts`: `dataset`, `learned_from`, `scores`, … for its header."""
    header = {
        "kind": kind,
        "recipe": recipe.to_json(),
        "band": band.name,
        "fingerprints": fingerprints(weights),
        **facts,
    }
    write_tensors(path, header, weights.tensors())


def load_trained(path: Path, kind: Kind, command: str) -> Trained:
    """The inverse of `save_trained`. Errors name `command` as the one that makes the file."""
    model = read_model(path, kind, command)
    specs = family_of(model.recipe).parameter_specs(kind, model.recipe, model.band)
    return Trained(kind, model.recipe, model.band, Weights.from_arrays(model.networks, specs), model.header)


def fingerprints(weights: Weights) -> dict[str, str]:
    """A digest of each network's weights, by name."""
    return {
        name: blake2b(row.contiguous().cpu().numpy().tobytes(), digest_size=16).hexdigest()
        for name, row in zip(weights.instruments, weights.flat, strict=True)
    }
