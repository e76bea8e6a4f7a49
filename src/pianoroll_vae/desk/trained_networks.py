"""The trained networks of a workspace: which are missing or stale, and the file of the best ones."""

from collections.abc import Callable, Mapping
from typing import Any

from pianoroll_vae.desk.training_inputs import TrainingInputs
from pianoroll_vae.errors import ArtifactDamaged, ArtifactMissing, counted
from pianoroll_vae.models.model import Kind, NetworkProgress
from pianoroll_vae.models.training.checkpoint import Trained, load_trained, save_trained
from pianoroll_vae.models.training.loop import Progress
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.workspace import BAR_VAE, CONDITIONAL, MELODY, VAE, Artifact, Workspace

MODEL_ARTIFACTS: dict[Kind, Artifact] = {
    "vae": VAE,
    "melody": MELODY,
    "conditional": CONDITIONAL,
    "bar_vae": BAR_VAE,
}


def read_trained(workspace: Workspace, kind: Kind, notice: Callable[[str], None]) -> Trained | None:
    """The workspace's networks of a kind; None where there is no file, or a damaged one."""
    try:
        artifact = MODEL_ARTIFACTS[kind]
        return load_trained(workspace.path(artifact), kind, workspace.command(artifact))
    except ArtifactMissing:
        return None
    except ArtifactDamaged as damage:
        notice(f"{damage.message} It is trained again.")
        return None


def is_current(name: str, trained: Trained | None, inputs: TrainingInputs) -> bool:
    """Whether a network was trained on these inputs."""
    return trained is not None and trained.header.made.get(name) == inputs.digest(name)


def is_complete(name: str, trained: Trained | None, inputs: TrainingInputs, requested: Mapping[str, Any]) -> bool:
    """Whether a network is current and its training ended, with the settings the user requested (None: any)."""
    if trained is None or not is_current(name, trained, inputs):
        return False
    progress = trained.header.progress[name]
    if not progress.ended or progress.epochs < (requested.get("epochs") or 0):
        return False
    return not _changed_settings(name, trained, requested)


def _changed_settings(name: str, trained: Trained, requested: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with which a network was trained and that the user requested otherwise (None: any)."""
    settings = trained.header.settings[name]
    return {
        key: settings.get(key)
        for key, value in requested.items()
        if key != "epochs" and value is not None and settings.get(key) != value
    }


def replacement_notice(
    name: str, trained: Trained | None, inputs: TrainingInputs, requested: Mapping[str, Any]
) -> str | None:
    """What is lost where a current network is trained anew because the user requested other settings."""
    before = _changed_settings(name, trained, requested) if trained and is_current(name, trained, inputs) else {}
    if trained is None or not before:
        return None
    changes = ", ".join(f"{key} is {requested[key]}, was {value}" for key, value in before.items())
    epochs = counted(trained.header.progress[name].epochs, "epoch")
    return (
        f"{inputs.kind} {name}: trained anew ({changes}); this replaces a network of {epochs} "
        "(--name NAME trains beside it)"
    )


def save_best(
    workspace: Workspace, inputs: TrainingInputs, names: tuple[str, ...], progress: Progress, before: Trained | None
) -> None:
    """Write the best weights of the networks `names`, and keep the other networks of the file that are still current.

    before: the networks in the file before this run.
    """
    weights = Weights.from_tensors(names, inputs.specs, progress.best)
    header: dict[str, dict[str, Any]] = {
        "made": {name: inputs.digest(name) for name in names},
        "settings": dict.fromkeys(names, inputs.settings_json),
        "progress": {
            name: NetworkProgress(progress.epoch, best_epoch, progress.ended)
            for name, best_epoch in zip(names, progress.best_epoch, strict=True)
        },
        "scores": dict(zip(names, progress.scores, strict=True)),
    }
    kept = tuple(name for name in inputs.network_names if name not in names and is_current(name, before, inputs))
    if before and kept:
        weights = weights.concat(before.weights.rows(kept))
        for key, values in header.items():
            values.update({name: getattr(before.header, key)[name] for name in kept})
    facts = {"dataset": inputs.dataset, "learned_from": inputs.learned_from(weights.instruments), **header}
    artifact, recipe = MODEL_ARTIFACTS[inputs.kind], inputs.data.recipe
    save_trained(workspace.path(artifact), inputs.kind, recipe, inputs.data.band, weights, facts)
    workspace.record(artifact, inputs.made_from, {"recipe": recipe.name, "epochs": progress.epoch})
