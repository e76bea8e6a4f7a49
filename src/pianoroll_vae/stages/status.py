"""The artifacts of a workspace: missing, fresh or stale."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pianoroll_vae.config import load
from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.models.families import family_of
from pianoroll_vae.models.files import read_header
from pianoroll_vae.models.recipe import recipe_from_json
from pianoroll_vae.models.recipe_files import recipe_named
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.schema import SchemaError
from pianoroll_vae.workspace import ARTIFACTS, BAR_VAE, VAE, Artifact, ArtifactStatus, Workspace

GENERATE = "vaemusic generate --steps 40 --noise 1.0 -o song.mid"


@dataclass(frozen=True)
class StatusLine:
    """One artifact: there or not, fresh or stale."""

    name: str
    state: str
    size: int
    made_at: str
    made_from: str
    why: str

    @property
    def size_text(self) -> str:
        return f"{self.size / 1e6:.1f} MB" if self.state != "missing" else ""


@dataclass(frozen=True)
class StatusReport:
    root: Path
    lines: tuple[StatusLine, ...]
    next_command: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "workspace": str(self.root),
            "artifacts": [asdict(line) for line in self.lines],
            "next": self.next_command,
        }


def run(workspace: Workspace) -> StatusReport:
    """All artifacts in the order they are made; the first one that is missing or stale gives the next command. The
    networks of models that have a name come last; where only these are trained, the next command plays one that is
    whole, or else goes on with the first one."""
    statuses = [workspace.status(artifact) for artifact in _artifacts(workspace)]
    lines = [_line(status, "") for status in statuses]
    to_do = [status.artifact.made_by for status in statuses if status.state != "fresh"]
    only_named = all(status.state == "missing" for status in statuses if status.artifact.of_model)
    play, to_train = [] if only_named else [GENERATE], []
    for name in workspace.models():
        model = workspace.of_model(name)
        of_model = [model.status(artifact) for artifact in _artifacts(model) if artifact.of_model]
        lines += [_line(status, f"{name}/") for status in of_model]
        unfinished = [model.command(status.artifact) for status in of_model if status.state != "fresh"]
        to_train += unfinished[:1]
        if not unfinished:
            play.append(GENERATE.replace("generate", f"generate --model {name}"))
    if only_named and workspace.models():
        to_do = [
            status.artifact.made_by for status in statuses if status.state != "fresh" and not status.artifact.of_model
        ]
        to_do += [] if play else to_train
    return StatusReport(workspace.root, tuple(lines), (to_do or play or [GENERATE])[0])


def _artifacts(workspace: Workspace) -> tuple[Artifact, ...]:
    """Those that a workspace's recipe has: that of the trained VAE, or else of the settings."""
    try:
        recipe = recipe_from_json(read_header(workspace.path(VAE)).get("recipe"))
    except (ArtifactDamaged, SchemaError):
        recipe = recipe_named(load(workspace.root).recipe, workspace.root)
    has_bar_vae = bool(family_of(recipe).network_names("bar_vae", LPD5))
    return tuple(artifact for artifact in ARTIFACTS if has_bar_vae or artifact is not BAR_VAE)


def _line(status: ArtifactStatus, model: str) -> StatusLine:
    made_at = datetime.fromtimestamp(status.made_at).strftime("%Y-%m-%d %H:%M") if status.made_at else ""
    sources = ", ".join(source.name for source in status.artifact.made_from)
    return StatusLine(f"{model}{status.artifact.name}", status.state, status.size, made_at, sources, status.why)
