"""Models on disk: safetensors with a JSON header, never a pickle, written whole or not at all.

A header says everything that is needed to rebuild the networks: kind, recipe, band, who is trained, what they were
trained on and how well they did. Shapes are compared with the recipe's before memory is taken. Arrays of numpy: whoever
only plays needs no more. Knows files; it knows neither workspaces nor training.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from pianoroll_vae.errors import ArtifactDamaged, ArtifactMissing, ArtifactStale
from pianoroll_vae.models.kinds import parameter_specs, rows_of
from pianoroll_vae.models.parameter_spec import ParameterSpec
from pianoroll_vae.models.recipe import Recipe, recipe_from_json
from pianoroll_vae.music.band import Band, find_band
from pianoroll_vae.workspace import write_bytes

FORMAT = 1
LONGEST_HEADER = 1 << 20
SIZES = {"U8": 1, "F16": 2, "F32": 4, "I64": 8}

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Model:
    """One kind of networks as a file has it.

    Header keys: `kind` (vae, melody, conditional), `recipe`, `band`, `fingerprints` (instrument to a digest of its
    weights), `dataset` (fingerprint of what it learned from), `learned_from` (for latent networks: the fingerprints of
    the VAEs), `scores` (instrument to the held-out figures of its best epoch).
    """

    kind: str
    recipe: Recipe
    band: Band
    header: Mapping[str, Any]
    rows: Mapping[str, Mapping[str, NDArray[np.float32]]]
    """Whose networks there are, in order, and each one's tensors by name."""

    @property
    def fingerprints(self) -> dict[str, str]:
        return dict(self.header["fingerprints"])


def write_arrays(path: Path, header: Mapping[str, Any], arrays: Arrays) -> None:
    """Write arrays and their header; whoever reads meanwhile sees the old file or the new one."""
    text = json.dumps({"format": FORMAT, **header}, ensure_ascii=False)
    write_bytes(path, save({name: np.asarray(array, order="C") for name, array in arrays.items()}, {"vaemusic": text}))


def read_header(path: Path) -> dict[str, Any]:
    """The header alone, after the file's table of tensors has been found sound (sizes, order, end of file)."""
    return _read_tables(path)[0]


def read_arrays(path: Path, expected: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[Any]]:
    """The arrays named in `expected`, whose declared shapes must be those; nothing is read before all agree."""
    declared = _read_tables(path)[1]
    for name, shape in expected.items():
        if declared.get(name) != shape:
            found = f"has shape {declared[name]}" if name in declared else "is missing"
            raise ArtifactDamaged(
                f"{path}: the tensor {name} {found}, not {shape}.", "The file is of another recipe: train again."
            )
    with safe_open(path, framework="numpy") as file:
        return {name: file.get_tensor(name) for name in expected}


def read_model(path: Path, kind: str, command: str) -> Model:
    """Read networks of one kind; `command` is what to run where there is nothing."""
    if not path.is_file():
        raise ArtifactMissing(f"There is no trained {kind} yet ({path}).", f"Run: {command}")
    header = read_header(path)
    try:
        found, instruments = header["kind"], tuple(header["fingerprints"])
        recipe, band = recipe_from_json(header["recipe"]), find_band(header["band"])
        order = tuple(name for name in rows_of(kind, recipe, band) if name in instruments)
    except (KeyError, TypeError, ValueError) as reason:
        raise ArtifactDamaged(f"{path} has a header of another version ({reason}).", f"Run: {command}") from None
    if found != kind:
        raise ArtifactDamaged(f"{path} holds a {found}, not a {kind}.", f"Run: {command}")
    if not order:
        raise ArtifactDamaged(f"{path} holds no network that is known.", f"Run: {command}")
    specs = parameter_specs(kind, recipe, band)
    arrays = read_arrays(path, shapes(order, specs))
    rows = {name: {slot: np.asarray(arrays[f"{name}/{slot}"], np.float32) for slot in specs} for name in order}
    return Model(kind, recipe, band, header, rows)


def shapes(instruments: tuple[str, ...], specs: Mapping[str, ParameterSpec]) -> dict[str, tuple[int, ...]]:
    return {f"{name}/{slot}": specs[slot].shape for name in instruments for slot in specs}


def refuse_stale(header: Mapping[str, Any], fingerprints: Mapping[str, str], path: Path, command: str) -> None:
    """Refuse a latent network that has learned from other VAEs than those known by these fingerprints."""
    learned_from = header.get("learned_from", {})
    changed = [name for name, digest in learned_from.items() if fingerprints.get(name) != digest]
    if changed or not learned_from:
        raise ArtifactStale(
            f"{path} was trained on another VAE ({', '.join(changed) or 'unknown'}) than the one that is here now.",
            f"Run: {command}",
        )


def _read_tables(path: Path) -> tuple[dict[str, Any], dict[str, tuple[int, ...]]]:
    """Our header and the declared shape of every tensor, read and checked without touching the tensors."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(LONGEST_HEADER, size - 8):
                raise ValueError("it is cut short")
            table = json.loads(file.read(length))
        ours = json.loads(table.pop("__metadata__")["vaemusic"])
        if ours["format"] != FORMAT:
            raise ValueError(f"it is of format {ours['format']}, this program reads {FORMAT}")
        declared = {name: tuple(entry["shape"]) for name, entry in table.items()}
        wanted = sum(SIZES[entry["dtype"]] * math.prod(entry["shape"]) for entry in table.values())
        if wanted != size - 8 - length:
            raise ValueError(f"it has {size - 8 - length:,} bytes of tensors where {wanted:,} are declared")
        with safe_open(path, framework="numpy"):  # the library's own check of offsets
            pass
    except OSError as refusal:
        raise ArtifactDamaged(f"Cannot read {path}: {refusal.strerror}.", "Check the path and permissions.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SafetensorError) as reason:
        raise ArtifactDamaged(f"{path} is no model of vaemusic, or damaged: {reason}.", "Train it again.") from None
    return ours, declared
