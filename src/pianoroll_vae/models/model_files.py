"""Reads model files: checks each against its recipe and band, and assembles three of them into an ensemble."""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from pianoroll_vae.errors import ArtifactDamaged, ArtifactMissing, ArtifactStale
from pianoroll_vae.models.eight_bit import from_eight_bits, stored_shapes
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.files import read_arrays, read_header
from pianoroll_vae.models.model import KINDS, Kind, Model
from pianoroll_vae.models.recipe import recipe_from_json
from pianoroll_vae.music.band import find_band


def read_model(path: Path, kind: Kind, command: str) -> Model:
    """The networks in a file. Errors name `command` as the one that makes the file."""
    if not path.is_file():
        raise ArtifactMissing(f"There is no trained {kind} yet ({path}).", f"Run: {command}")
    header = read_header(path)
    try:
        found, trained = header["kind"], tuple(header["fingerprints"])
        recipe, band = recipe_from_json(header["recipe"]), find_band(header["band"])
    except (KeyError, TypeError, ValueError) as reason:
        raise ArtifactDamaged(f"{path} has a header of another version ({reason}).", f"Run: {command}") from None
    if found != kind:
        raise ArtifactDamaged(f"{path} holds a {found}, not a {kind}.", f"Run: {command}")
    family = family_of(recipe)
    names = tuple(name for name in family.network_names(kind, band) if name in trained)
    if not names:
        raise ArtifactDamaged(f"{path} holds no network of its recipe.", f"Run: {command}")
    specs = family.parameter_specs(kind, recipe, band)
    shapes = {f"{name}/{part}": spec.shape for name in names for part, spec in specs.items()}
    eight_bit = header.get("eight_bit") is True
    arrays = read_arrays(path, stored_shapes(shapes) if eight_bit else shapes)
    arrays = from_eight_bits(arrays, shapes) if eight_bit else arrays
    networks = {name: {part: np.asarray(arrays[f"{name}/{part}"], np.float32) for part in specs} for name in names}
    return Model(kind, recipe, band, header, networks)


def load_band(vae: Path, melody: Path, conditional: Path) -> Ensemble:
    """The ensemble whose networks are in three files; refused where latent networks were trained on other VAEs."""
    models: list[Model] = []
    for kind, path in zip(KINDS, (vae, melody, conditional), strict=True):
        command = f"vaemusic train {kind}"
        model = read_model(path, kind, command)
        if models:
            refuse_other_vae(model, models[0].fingerprints, path, command)
        require_networks(kind, model.networks, family_of(model.recipe).network_names(kind, model.band), command)
        models.append(model)
    return family_of(models[0].recipe).ensemble(*models)


def require_networks(kind: Kind, trained: Collection[str], needed: Collection[str], command: str) -> None:
    """Refuse a model in which some of the networks `needed` are not trained."""
    absent = [name for name in needed if name not in trained]
    if absent:
        raise ArtifactMissing(
            f"The {kind} is not trained for {', '.join(absent)}.", f"Run: {command} --instrument {absent[0]}"
        )


def refuse_other_vae(model: Model, fingerprints: Mapping[str, str], path: Path, command: str) -> None:
    """Refuse a latent network that was trained on other VAEs than those with these fingerprints."""
    learned_from = model.header.get("learned_from", {})
    changed = [name for name, fingerprint in learned_from.items() if fingerprints.get(name) != fingerprint]
    if changed or not learned_from:
        raise ArtifactStale(
            f"{path} was trained on another VAE ({', '.join(changed) or 'unknown'}) than the present one.",
            f"Run: {command}",
        )
