"""Writes trained networks to model files and reads them back as PyTorch tensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.files import TensorType, read_arrays, write_arrays
from pianoroll_vae.models.model import Kind, ModelHeader
from pianoroll_vae.models.model_files import fingerprint_of, read_model
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import Band, find_band

_DTYPES = {torch.float32: "F32", torch.int64: "I64", torch.uint8: "U8"}
LAST = "last.safetensors"


@dataclass(frozen=True)
class Trained:
    """As `model.Model`, with the weights as tensors."""

    header: ModelHeader
    weights: Weights

    @property
    def recipe(self) -> Recipe:
        return self.header.recipe

    @property
    def band(self) -> Band:
        return find_band(self.header.band)


def write_tensors(path: Path, header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """As `write_arrays`, from tensors on any device."""
    write_arrays(path, header, {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()})


def read_tensors(path: Path, like: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """As `read_arrays`: tensors of the shapes and types of those in `like`."""
    expected = {name: TensorType(tuple(tensor.shape), _DTYPES[tensor.dtype]) for name, tensor in like.items()}
    return {name: torch.from_numpy(array) for name, array in read_arrays(path, expected).items()}


def save_trained(
    path: Path, kind: Kind, recipe: Recipe, band: Band, weights: Weights, facts: Mapping[str, Any]
) -> None:
    """Write a model file. `facts`: `dataset`, `learned_from`, `scores`, … for its header."""
    header = ModelHeader(kind, recipe, band.stored, fingerprints(weights), **facts)
    write_tensors(path, header.to_json(), weights.tensors())


def load_trained(path: Path, kind: Kind, command: str) -> Trained:
    """The inverse of `save_trained`. Errors name `command` as the one that makes the file."""
    model = read_model(path, kind, command)
    specs = family_of(model.recipe).parameter_specs(kind, model.recipe, model.band)
    return Trained(model.header, Weights.from_arrays(model.networks, specs))


def fingerprints(weights: Weights) -> dict[str, str]:
    """A digest of each network's weights, by name."""
    return {
        name: fingerprint_of(row.contiguous().cpu().numpy())
        for name, row in zip(weights.instruments, weights.flat, strict=True)
    }
