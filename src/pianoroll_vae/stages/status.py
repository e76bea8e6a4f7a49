"""The artifacts of a workspace: missing, fresh or stale."""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pianoroll_vae.workspace import ARTIFACTS, ArtifactStatus, Workspace

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
    networks of models that have a name come last."""
    standings = [workspace.status(artifact) for artifact in ARTIFACTS]
    next_command = next((s.artifact.made_by for s in standings if s.state != "fresh"), GENERATE)
    lines = [_line(standing, "") for standing in standings]
    for name in workspace.models():
        model = workspace.of_model(name)
        lines += [_line(model.status(artifact), f"{name}/") for artifact in ARTIFACTS if artifact.of_model]
    return StatusReport(workspace.root, tuple(lines), next_command)


def _line(status: ArtifactStatus, model: str) -> StatusLine:
    made_at = datetime.fromtimestamp(status.made_at).strftime("%Y-%m-%d %H:%M") if status.made_at else ""
    sources = ", ".join(source.name for source in status.artifact.made_from)
    return StatusLine(f"{model}{status.artifact.name}", status.state, status.size, made_at, sources, status.why)
