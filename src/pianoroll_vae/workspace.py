"""The project folder: its artifacts, and whether they are up to date.

An artifact is a file that one command makes. `.vaemusic/artifacts.json` records its fingerprint and those of the
artifacts it was made from; an artifact is stale if one of those has changed.
"""

import hashlib
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from pianoroll_vae.atomic_files import lock_file, refuse_recreation, sweep_parts, wrap_write_errors, write_text
from pianoroll_vae.errors import ArtifactMissing, FileUnreadable, SettingInvalid, WorkspaceBusy, WorkspaceMissing
from pianoroll_vae.paths import exists, is_file, is_folder, list_folder, resolve, status
from pianoroll_vae.schema import SchemaError, build, load_json

CONFIG_FILE = "vaemusic.toml"


@dataclass(frozen=True)
class Artifact:
    """A file in the workspace that one command makes."""

    name: str
    path: str
    made_by: str
    made_from: tuple["Artifact", ...] = ()
    of_model: bool = False
    """Whether each trained model of a workspace has its own."""


SELECTION = Artifact("selection", "selection.jsonl", "vaemusic filter --genre blues,rock")
DATASET = Artifact("dataset", "dataset.h5", "vaemusic preprocess", (SELECTION,))
VAE = Artifact("vae", "models/vae/best.safetensors", "vaemusic train vae", (DATASET,), True)
MELODY = Artifact("melody", "models/melody/best.safetensors", "vaemusic train melody", (DATASET, VAE), True)
CONDITIONAL = Artifact(
    "conditional", "models/conditional/best.safetensors", "vaemusic train conditional", (DATASET, VAE), True
)
GROOVE = Artifact("groove", "models/groove/best.safetensors", "vaemusic train groove", (SELECTION,))
BAR_VAE = Artifact("bar_vae", "models/bar_vae/best.safetensors", "vaemusic train vae", (DATASET,), True)
ATTRIBUTES = Artifact(
    "attributes", "models/attributes.json", "vaemusic attributes learn", (DATASET, VAE, BAR_VAE), True
)
ARTIFACTS = (SELECTION, DATASET, VAE, BAR_VAE, MELODY, CONDITIONAL)

MODELS = "models"
MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
RESERVED_NAMES = ("vae", "bar_vae", "melody", "conditional", "groove")
"""Folders of the model without a name, and of the groove model."""

BEST = "best.safetensors"
METRICS_FILE = "metrics.jsonl"
EVENT_FILES = "tensorboard"
REPORTS = "reports"

_FOLDERS = (".vaemusic", REPORTS, MODELS)
"""In which the commands of a workspace write, beside the folders of models."""

State = Literal["missing", "fresh", "stale"]


@dataclass(frozen=True)
class ArtifactRecord:
    """How an artifact was made."""

    fingerprint: str = ""
    made_from: Mapping[str, str] = field(default_factory=dict)
    made_at: float = 0.0


@dataclass(frozen=True)
class ArtifactStatus:
    """Whether an artifact exists, and whether what it was made from is unchanged."""

    artifact: Artifact
    state: State
    why: str = ""
    size: int = 0
    made_at: float = 0.0


class Workspace:
    """A folder that contains vaemusic.toml.

    It may hold several trained models: one without a name, and others in `models/NAME`, which `of_model` gives.
    """

    def __init__(self, root: Path, model: str = "") -> None:
        self.root = root
        self.model = model

    def of_model(self, name: str | None) -> "Workspace":
        """The same workspace with the model `name`; None: the one that has no name."""
        if name is None:
            return Workspace(self.root)
        if not MODEL_NAME.fullmatch(name) or name in RESERVED_NAMES:
            raise SettingInvalid(
                f"A model cannot be named '{name}'.",
                f"Names have small letters, digits, '-' and '_', and are not {', '.join(RESERVED_NAMES)}.",
            )
        return Workspace(self.root, name)

    def models(self) -> tuple[str, ...]:
        """The names of the trained models that have one."""
        folders = list_folder(self.root / "models")
        return tuple(folder.name for folder in folders if any(exists(kind / BEST) for kind in list_folder(folder)))

    def command(self, artifact: Artifact) -> str:
        """What makes an artifact."""
        return artifact.made_by + (f" --name {self.model}" if self.model and artifact.of_model else "")

    @staticmethod
    def find(named: Path | None = None) -> "Workspace":
        """The workspace `named`, or else the nearest one at or above the current folder."""
        start = resolve(named or Path())
        for folder in (start,) if named else (start, *start.parents):
            try:
                if is_file(folder / CONFIG_FILE):
                    return Workspace(folder)
            except FileUnreadable:  # a folder above that may not be searched
                if named:
                    raise
        where = f"{start} is not a workspace" if named else "There is no workspace here or in a folder above"
        raise WorkspaceMissing(f"{where}: no {CONFIG_FILE}.", f"Create one: vaemusic init {named or ''}".rstrip() + ".")

    def path(self, artifact: Artifact) -> Path:
        if self.model and artifact.of_model:
            return self._models / Path(artifact.path).relative_to(MODELS)
        return self.root / artifact.path

    @property
    def _models(self) -> Path:
        return self.root / MODELS / self.model

    def _key(self, artifact: Artifact) -> str:
        """Of its record."""
        return f"{self.model}/{artifact.name}" if self.model and artifact.of_model else artifact.name

    @property
    def metrics(self) -> Path:
        """Metrics of all training, a JSON line for each epoch and instrument."""
        return self.root / (f"metrics-{self.model}.jsonl" if self.model else METRICS_FILE)

    @property
    def event_files(self) -> Path:
        """The folder of metrics for TensorBoard."""
        return self.root / EVENT_FILES / self.model

    def report(self, name: str) -> Path:
        """The path of a stage's list of dropped files."""
        return self.root / REPORTS / name

    def require(self, artifact: Artifact) -> Path:
        """The artifact's path, or an error that names the command that makes it."""
        path = self.path(artifact)
        if not exists(path):
            raise ArtifactMissing(
                f"The workspace has no {artifact.name} yet ({path}).", f"Run: {self.command(artifact)}"
            )
        return path

    def source_fingerprints(self, artifact: Artifact) -> dict[str, str]:
        """Fingerprints of what an artifact is made from, for `record`: called before the sources are opened, so that a
        source that is replaced during the work is not taken for the one that was read."""
        return {source.name: self.fingerprint(source) for source in artifact.made_from}

    def record(
        self, artifact: Artifact, made_from: Mapping[str, str], settings: Mapping[str, Any] | None = None
    ) -> None:
        """Record the fingerprint of an artifact that has just been made; made_from: its `source_fingerprints`."""
        records = self._records()
        made = ArtifactRecord(self.fingerprint(artifact), dict(made_from), time.time())
        records[self._key(artifact)] = {**asdict(made), "settings": dict(settings or {})}
        write_text(self._records_path, json.dumps(records, indent=1))

    def load_record(self, artifact: Artifact) -> "ArtifactRecord":
        """What `record` stored about an artifact; empty if there is no record."""
        entry = self._records().get(self._key(artifact), {})
        known = {field.name for field in fields(ArtifactRecord)}
        try:
            return build(ArtifactRecord, {key: value for key, value in dict(entry).items() if key in known})
        except (SchemaError, TypeError, ValueError):
            return ArtifactRecord()

    def fingerprint(self, artifact: Artifact) -> str:
        """A digest of the artifact's bytes, empty if it does not exist."""
        path = self.path(artifact)
        return fingerprint(path) if is_file(path) else ""

    def status(self, artifact: Artifact) -> ArtifactStatus:
        """Whether an artifact is missing, fresh or stale, and why."""
        path = self.path(artifact)
        found = status(path)
        if found is None:
            return ArtifactStatus(artifact, "missing", f"run {self.command(artifact)}")
        made_from = self.load_record(artifact).made_from
        changed = [
            source.name
            for source in artifact.made_from
            if made_from.get(source.name) not in (None, self.fingerprint(source))
        ]
        why = f"{' and '.join(changed)} changed since" if changed else ""
        return ArtifactStatus(artifact, "stale" if changed else "fresh", why, found.st_size, found.st_mtime)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lock the workspace for writing; raises WorkspaceBusy if another run has locked it."""
        path = self.root / ".vaemusic" / "lock"
        with wrap_write_errors(path):
            path.parent.mkdir(exist_ok=True)
        busy = WorkspaceBusy(
            f"Another vaemusic run is writing in {self.root}.", "Wait until it ends, or use another workspace."
        )
        with lock_file(path, busy):
            for folder in (self.root, *(self.root / name for name in _FOLDERS), *_folders_below(self.root / MODELS)):
                sweep_parts(folder)
            with refuse_recreation(self.root, CONFIG_FILE):
                yield

    @property
    def _records_path(self) -> Path:
        return self.root / ".vaemusic" / "artifacts.json"

    def _records(self) -> dict[str, Any]:
        try:
            records = load_json(self._records_path.read_text())
        except (OSError, ValueError):
            return {}  # without records every artifact counts as fresh
        return records if isinstance(records, dict) else {}


def _folders_below(models: Path) -> Iterator[Path]:
    """The folders of networks, and those of named models with theirs."""
    with suppress(FileUnreadable):
        for folder in filter(is_folder, list_folder(models)):
            yield folder
            yield from filter(is_folder, list_folder(folder))


def fingerprint(path: Path) -> str:
    """A digest of a file's bytes."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    except OSError as error:
        reason = f"Cannot read {path}: {error.strerror}."
        raise FileUnreadable(reason, "Check the path and its permissions.") from None
