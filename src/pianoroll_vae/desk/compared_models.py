"""Finds the trained models that are compared: of the workspace by name, of other workspaces, and exported bands."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pianoroll_vae.bundled.bundle import BUNDLED, Bundle
from pianoroll_vae.desk.ensembles import BAND_PARTS, load_ensemble, load_exported, uses_bundled
from pianoroll_vae.errors import ArtifactMissing, NothingFound, suggest
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.models.files import read_header
from pianoroll_vae.models.model import ModelHeader
from pianoroll_vae.paths import is_file
from pianoroll_vae.workspace import BAR_VAE, CONFIG_FILE, VAE, Workspace

BUNDLED_NAME = "bundled"
HERE = "."


@dataclass(frozen=True)
class ComparedModel:
    """A trained model as it was named on the command line."""

    name: str
    files: tuple[Path, ...]
    load: Callable[[], Ensemble]

    def headers(self) -> list[ModelHeader]:
        """One a file, that of the VAE first."""
        return [ModelHeader.from_json(read_header(path)) for path in self.files]


def find_model(name: str, workspace: Workspace | None) -> ComparedModel:
    """The model with this name: "bundled", a model of the workspace, a workspace ("." is the present one), or a folder
    or file of an exported band."""
    if name == BUNDLED_NAME:
        return _exported(name, BUNDLED)
    if workspace is not None and name in workspace.models():
        return _trained(name, workspace.of_model(name))
    path = workspace.root if workspace is not None and name == HERE else Path(name)
    if is_file(path / CONFIG_FILE):
        return _trained(name, Workspace(path))
    bundle = Bundle(path.parent if path.suffix == ".safetensors" else path)
    if is_file(bundle.parts[0]):
        return _exported(name, bundle)
    names = [BUNDLED_NAME, *(workspace.models() if workspace else ())]
    raise NothingFound(
        f"There is no trained model '{name}'.",
        f"{suggest(name, names)} A workspace, or a folder that vaemusic export wrote, can be named too.",
    )


def _trained(name: str, workspace: Workspace) -> ComparedModel:
    if uses_bundled(workspace):
        raise ArtifactMissing(f"Nothing is trained in {workspace.root}.", f"Run: {workspace.command(VAE)}")
    files = (workspace.path(artifact) for artifact in (*BAND_PARTS, BAR_VAE))
    return ComparedModel(name, tuple(filter(is_file, files)), lambda: load_ensemble(workspace))


def _exported(name: str, bundle: Bundle) -> ComparedModel:
    return ComparedModel(name, tuple(filter(is_file, bundle.parts)), lambda: load_exported(bundle))
