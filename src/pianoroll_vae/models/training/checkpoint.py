"""Trained networks as PyTorch has them: kept in model files, and made of them again."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pianoroll_vae.errors import ArtifactMissing
from pianoroll_vae.models.files import read_arrays, read_model, refuse_stale, write_arrays
from pianoroll_vae.models.kinds import parameter_specs
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.thesis.latent_networks import ConditionalNN, MelodyNN
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import Band

BEST, LAST = "best.safetensors", "last.safetensors"


@dataclass(frozen=True)
class Trained:
    """As `model_files.Model`, the weights in one block."""

    kind: str
    recipe: Recipe
    band: Band
    weights: Weights
    header: Mapping[str, Any]

    @property
    def fingerprints(self) -> dict[str, str]:
        return dict(self.header["fingerprints"])


def write_tensors(path: Path, header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """As `write_arrays`, wherever the tensors lie."""
    write_arrays(path, header, {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()})


def read_tensors(path: Path, expected: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """As `read_arrays`."""
    return {name: torch.from_numpy(array) for name, array in read_arrays(path, expected).items()}


def save_trained(path: Path, kind: str, recipe: Recipe, band: Band, weights: Weights, facts: Mapping[str, Any]) -> None:
    """Write networks ready to be played. `facts`: `dataset`, `learned_from`, `scores`, … for the header."""
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
    slots = parameter_specs(kind, model.recipe, model.band)
    tensors = {
        f"{row}/{name}": torch.from_numpy(array) for row, part in model.rows.items() for name, array in part.items()
    }
    weights = Weights.from_tensors(tuple(model.rows), slots, tensors)
    return Trained(kind, model.recipe, model.band, weights, model.header)


def load_vae(path: Path, need: tuple[str, ...] | None = None) -> BandVae:
    """The VAEs in the file at `path`, in the band's order; `need`: instruments that must be there (None: the band)."""
    trained = load_trained(path, "vae", "vaemusic train vae")
    require_rows(trained, need or trained.band.names, "vaemusic train vae")
    return BandVae(trained.recipe, trained.weights, trained.fingerprints)


def load_melody(path: Path, vae: BandVae) -> MelodyNN:
    """The lead's network in the file at `path`; refused where it learned from another VAE of the lead than this."""
    trained = load_trained(path, "melody", "vaemusic train melody")
    refuse_stale(trained.header, vae.fingerprints, path, "vaemusic train melody")
    return MelodyNN(trained.recipe, trained.weights)


def load_conditional(path: Path, vae: BandVae) -> ConditionalNN:
    """The followers' networks in the file at `path`; refused where they learned from other VAEs than these."""
    trained = load_trained(path, "conditional", "vaemusic train conditional")
    refuse_stale(trained.header, vae.fingerprints, path, "vaemusic train conditional")
    followers = tuple(name for name in trained.band.names if name != trained.band.lead)
    require_rows(trained, followers, "vaemusic train conditional")
    return ConditionalNN(trained.recipe, trained.weights)


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
