"""Exports a trained band to a folder, with its weights in 8 bits."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pianoroll_vae.atomic_files import write_bytes
from pianoroll_vae.bundled.bundle import Bundle
from pianoroll_vae.desk.ensembles import load_ensemble
from pianoroll_vae.desk.trained_networks import MODEL_ARTIFACTS
from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.files import write_arrays
from pianoroll_vae.models.model import KINDS
from pianoroll_vae.models.model_files import read_model
from pianoroll_vae.models.quantization import quantize_weights
from pianoroll_vae.paths import size_of
from pianoroll_vae.workspace import ATTRIBUTES, VAE, Workspace


@dataclass(frozen=True)
class ExportReport:
    folder: Path
    size: int

    def as_dict(self) -> dict[str, Any]:
        return {"folder": str(self.folder), "size": self.size}


def run(workspace: Workspace, folder: Path) -> ExportReport:
    """Write the workspace's band into `folder`, once all of it is read and found to be one band."""
    bundle = Bundle(folder)
    load_ensemble(workspace)
    first = read_model(workspace.require(VAE), "vae", workspace.command(VAE))
    models = {
        path: read_model(workspace.require(MODEL_ARTIFACTS[kind]), kind, workspace.command(MODEL_ARTIFACTS[kind]))
        for kind, path in zip(KINDS, bundle.parts, strict=True)
        if family_of(first.recipe).network_names(kind, first.band)
    }
    for path, model in models.items():
        header = replace(model.header, made={}, settings={}, eight_bit=True).to_json()
        arrays = {f"{name}/{part}": array for name, own in model.networks.items() for part, array in own.items()}
        write_arrays(path, header, quantize_weights(arrays))
    written = list(models)
    if workspace.status(ATTRIBUTES).state == "fresh":
        write_bytes(bundle.attributes, workspace.path(ATTRIBUTES).read_bytes())
        written.append(bundle.attributes)
    return ExportReport(folder, sum(size_of(path) for path in written))
