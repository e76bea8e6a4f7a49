"""Weights of a trained band with which training begins: `--init`, with `bundled` or a folder of `vaemusic export`."""

from pathlib import Path

from pianoroll_vae.bundled.bundle import BUNDLED, Bundle
from pianoroll_vae.desk.training_inputs import TrainingInputs
from pianoroll_vae.errors import ArtifactDamaged, SettingInvalid
from pianoroll_vae.models.files import read_header
from pianoroll_vae.models.model import KINDS
from pianoroll_vae.models.model_files import require_networks
from pianoroll_vae.models.recipe import recipe_from_json
from pianoroll_vae.models.training.checkpoint import load_trained
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.schema import SchemaError
from pianoroll_vae.workspace import VAE, Workspace


def known_genres(workspace: Workspace, init: str | None) -> tuple[str, ...]:
    """The genres of the weights that training begins with, or of the VAE that latent networks are trained on: those of
    the dataset are added to them."""
    path = _bundle(init).parts[0] if init else workspace.path(VAE)
    try:
        return recipe_from_json(read_header(path).get("recipe")).genres
    except (ArtifactDamaged, SchemaError):
        return ()


def initial_weights(inputs: TrainingInputs, init: str, names: tuple[str, ...]) -> Weights:
    """The weights of an exported band, which must be of the same recipe and band."""
    path = _bundle(init).parts[KINDS.index(inputs.kind)]
    trained = load_trained(path, inputs.kind, "vaemusic export DIR, in the workspace of a trained band")
    if trained.band != inputs.data.band or trained.weights.specs != inputs.specs:
        raise SettingInvalid(
            f"The {inputs.kind} in {path.parent} is of another recipe or band than the one to be trained.",
            f"It is of the recipe '{trained.recipe.name}' for the band {trained.band.name}: train that one, or "
            "leave --init out.",
        )
    require_networks(inputs.kind, trained.weights.instruments, names, "vaemusic train all, in that band's workspace")
    return trained.weights


def _bundle(init: str) -> Bundle:
    return BUNDLED if init == "bundled" else Bundle(Path(init))
