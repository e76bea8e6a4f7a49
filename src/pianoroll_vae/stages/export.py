"""Exports a trained band to a folder, with its weights in 8 bits."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pianoroll_vae.bundled.bundle import Bundle
from pianoroll_vae.desk.trained_networks import MODEL_ARTIFACTS
from pianoroll_vae.models.eight_bit import to_eight_bits
from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.files import write_arrays
from pianoroll_vae.models.model import KINDS
from pianoroll_vae.models.model_files import read_model
from pianoroll_vae.workspace import ATTRIBUTES, VAE, Workspace, write_bytes


@dataclass(frozen=True)
class ExportReport:
    folder: Path
    size: int

    def as_dict(self) -> dict[str, Any]:
        return {"folder": str(self.folder), "size": self.size}


def run(workspace: Workspace, folder: Path) -> ExportReport:
    """Write the workspace's band into `folder`."""
    bundle = Bundle(folder)
    folder.mkdir(parents=True, exist_ok=True)
    first = read_model(workspace.require(VAE), "vae", VAE.made_by)
    size = 0
    for kind, path in zip(KINDS, bundle.parts, strict=True):
        if not family_of(first.recipe).network_names(kind, first.band):
            continue
        artifact = MODEL_ARTIFACTS[kind]
        model = read_model(workspace.require(artifact), kind, artifact.made_by)
        header = replace(model.header, made={}, settings={}, eight_bit=True).to_json()
        arrays = {f"{name}/{part}": array for name, own in model.networks.items() for part, array in own.items()}
        write_arrays(path, header, to_eight_bits(arrays))
        size += path.stat().st_size
    if workspace.status(ATTRIBUTES).state == "fresh":
        write_bytes(bundle.attributes, workspace.path(ATTRIBUTES).read_bytes())
        size += bundle.attributes.stat().st_size
    return ExportReport(folder, size)
