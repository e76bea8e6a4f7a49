"""Reads model files: checks each against its recipe and band, and assembles three of them into an ensemble."""

from collections.abc import Collection, Mapping
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import ArtifactDamaged, ArtifactMissing, ArtifactStale
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.files import TensorType, read_arrays, read_header
from pianoroll_vae.models.model import KINDS, Kind, Model, ModelHeader
from pianoroll_vae.models.quantization import dequantize_weights, stored_types
from pianoroll_vae.music.band import find_band
from pianoroll_vae.paths import is_file
from pianoroll_vae.schema import SchemaError


def read_model(path: Path, kind: Kind, command: str) -> Model:
    """The networks in a file. Errors name `command` as the one that makes the file."""
    if not is_file(path):
        raise ArtifactMissing(f"There is no trained {kind} yet ({path}).", f"Run: {command}")
    values = read_header(path)
    try:
        header = ModelHeader.from_json(values)
    except SchemaError as reason:
        raise ArtifactDamaged(f"{path} has a header of another version ({reason}).", f"Run: {command}") from None
    if header.kind != kind:
        raise ArtifactDamaged(f"{path} holds a {header.kind}, not a {kind}.", f"Run: {command}")
    family, band = family_of(header.recipe), find_band(header.band)
    names = tuple(name for name in family.network_names(kind, band) if name in header.fingerprints)
    if not names:
        raise ArtifactDamaged(f"{path} holds no network of its recipe.", f"Run: {command}")
    specs = family.parameter_specs(kind, header.recipe, band)
    shapes = {f"{name}/{part}": spec.shape for name in names for part, spec in specs.items()}
    arrays = _read_weights(path, shapes, header.eight_bit, command)
    networks = {name: {part: arrays[f"{name}/{part}"] for part in specs} for name in names}
    if not header.eight_bit and "digest" not in values:
        _compare_fingerprints(path, header.fingerprints, networks, command)
    return Model(header, networks)


def _read_weights(
    path: Path, shapes: Mapping[str, tuple[int, ...]], eight_bit: bool, command: str
) -> dict[str, NDArray[np.float32]]:
    if not eight_bit:
        return read_arrays(path, {name: TensorType(shape) for name, shape in shapes.items()})
    try:
        return dequantize_weights(read_arrays(path, stored_types(shapes)), shapes)
    except ValueError as reason:
        raise ArtifactDamaged(f"{path}: {reason}.", f"Run: {command}") from None


def _compare_fingerprints(
    path: Path,
    fingerprints: Mapping[str, str],
    networks: Mapping[str, Mapping[str, NDArray[np.float32]]],
    command: str,
) -> None:
    """What a file of format 1 has in place of a digest."""
    for name, arrays in networks.items():
        flat = np.concatenate([array.ravel() for array in arrays.values()])
        if fingerprint_of(flat) != fingerprints[name]:
            raise ArtifactDamaged(
                f"{path} holds other weights of the network {name} than its header has the fingerprint of.",
                f"Run: {command}",
            )


def fingerprint_of(weights: NDArray[np.float32]) -> str:
    """The digest of a network's weights, all in one row, by which other files name it."""
    return blake2b(weights.tobytes(), digest_size=16).hexdigest()


def load_band(vae: Path, melody: Path, conditional: Path, bar_vae: Path | None = None, *, name: str = "") -> Ensemble:
    """The ensemble whose networks are in these files; refused where latent networks were trained on other VAEs.

    bar_vae: need not exist, and does not for the family thesis; name: of the model, for messages."""
    models: list[Model] = []
    for kind, path in zip(KINDS, (vae, melody, conditional), strict=False):
        command = f"vaemusic train {kind}" + (f" --name {name}" if name else "")
        model = read_model(path, kind, command)
        if models:
            refuse_other_vae(model, models[0].header.fingerprints, path, command)
            _refuse_other_recipe(model, models[0], path, command)
        require_networks(kind, model.networks, family_of(model.recipe).network_names(kind, model.band), command)
        models.append(model)
    family, bars = family_of(models[0].recipe), None
    if bar_vae is not None and is_file(bar_vae) and family.network_names("bar_vae", models[0].band):
        bars = read_model(bar_vae, "bar_vae", "vaemusic train vae")
    vae_model, melody_model, conditional_model = models
    return family.ensemble(vae_model, melody_model, conditional_model, bars)


def require_networks(kind: Kind, trained: Collection[str], needed: Collection[str], command: str) -> None:
    """Refuse a model in which some of the networks `needed` are not trained."""
    absent = [name for name in needed if name not in trained]
    if absent:
        raise ArtifactMissing(
            f"The {kind} is not trained for {', '.join(absent)}.", f"Run: {command} --instrument {absent[0]}"
        )


def refuse_other_vae(model: Model, fingerprints: Mapping[str, str], path: Path, command: str) -> None:
    """Refuse a latent network that was trained on other VAEs than those with these fingerprints."""
    learned_from = model.header.learned_from
    changed = [name for name, fingerprint in learned_from.items() if fingerprints.get(name) != fingerprint]
    if changed or not learned_from:
        raise ArtifactStale(
            f"{path} was trained on another VAE ({', '.join(changed) or 'unknown'}) than the present one.",
            f"Run: {command}",
        )


def _refuse_other_recipe(model: Model, vae: Model, path: Path, command: str) -> None:
    if (model.recipe, model.band) != (vae.recipe, vae.band):
        raise ArtifactStale(f"{path} is of another recipe or band than the VAE.", f"Run: {command}")
