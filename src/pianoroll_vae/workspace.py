"""The project folder: where artifacts lie, what made them, and how files are written whole or not at all.

An artifact is a file or folder that one command makes. `.vaemusic/artifacts.json` records the fingerprint it had
when made and those of what it was made from, so that staleness is seen rather than guessed. This module knows the
names of artifacts and nothing of what is inside them.
"""

import errno
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pianoroll_vae.errors import ArtifactMissing, FileUnreadable, FileUnwritable, WorkspaceBusy, WorkspaceMissing

try:
    import fcntl
except ImportError:  # Windows: two runs at once are not noticed there
    fcntl = None  # type: ignore[assignment]

CONFIG_FILE = "vaemusic.toml"


@dataclass(frozen=True)
class Artifact:
    """What one command leaves in the workspace."""

    name: str
    path: str
    made_by: str
    made_from: tuple["Artifact", ...] = ()


SELECTION = Artifact("selection", "selection.jsonl", "vaemusic filter --genre blues,rock")
DATASET = Artifact("dataset", "dataset.h5", "vaemusic preprocess", (SELECTION,))
VAE = Artifact("vae", "models/vae/best.safetensors", "vaemusic train vae", (DATASET,))
MELODY = Artifact("melody", "models/melody/best.safetensors", "vaemusic train melody", (DATASET, VAE))
CONDITIONAL = Artifact(
    "conditional", "models/conditional/best.safetensors", "vaemusic train conditional", (DATASET, VAE)
)
ARTIFACTS = (SELECTION, DATASET, VAE, MELODY, CONDITIONAL)

METRICS_FILE = "metrics.jsonl"
EVENT_FILES = "tensorboard"
REPORTS = "reports"

State = Literal["missing", "fresh", "stale"]


@dataclass(frozen=True)
class ArtifactStatus:
    """How an artifact stands: there or not, and whether what it was made from is still the same."""

    artifact: Artifact
    state: State
    why: str = ""
    size: int = 0
    made_at: float = 0.0


class Workspace:
    """A folder that holds vaemusic.toml."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @staticmethod
    def find(asked: Path | None = None) -> "Workspace":
        """The asked-for folder, else the nearest one upwards from here that holds vaemusic.toml."""
        start = resolve_path(asked or Path())
        for folder in (start,) if asked else (start, *start.parents):
            if (folder / CONFIG_FILE).is_file():
                return Workspace(folder)
        where = f"{start} is no workspace" if asked else "There is no workspace here or in a folder above"
        raise WorkspaceMissing(f"{where}: no {CONFIG_FILE}.", f"Make one: vaemusic init {asked or ''}".rstrip() + ".")

    def path(self, artifact: Artifact) -> Path:
        return self.root / artifact.path

    @property
    def metrics(self) -> Path:
        """Metrics of all training, a JSON line for each epoch and instrument."""
        return self.root / METRICS_FILE

    @property
    def event_files(self) -> Path:
        """The folder of metrics for TensorBoard."""
        return self.root / EVENT_FILES

    def report(self, name: str) -> Path:
        """Where a stage writes its list of what it left out."""
        return self.root / REPORTS / name

    def require(self, artifact: Artifact) -> Path:
        """The artifact's path, or an error that names the command that makes it."""
        path = self.path(artifact)
        if not path.exists():
            raise ArtifactMissing(f"There is no {artifact.name} yet ({path}).", f"Run: {artifact.made_by}")
        return path

    def record(self, artifact: Artifact, settings: Mapping[str, Any] | None = None) -> None:
        """Note that the artifact has just been made, and from what."""
        book = self._records()
        made_from = {source.name: self.fingerprint(source) for source in artifact.made_from}
        book[artifact.name] = {
            "fingerprint": self.fingerprint(artifact),
            "made_from": made_from,
            "made_at": time.time(),
            "settings": dict(settings or {}),
        }
        write_text(self._records_path, json.dumps(book, indent=1))

    def recorded(self, artifact: Artifact) -> Mapping[str, Any]:
        """What `record` noted of an artifact; empty where it has not been made by a stage."""
        entry = self._records().get(artifact.name, {})
        return entry if isinstance(entry, dict) else {}

    def fingerprint(self, artifact: Artifact) -> str:
        """A digest of the artifact's bytes, empty where there is none."""
        path = self.path(artifact)
        return fingerprint(path) if path.is_file() else ""

    def status(self, artifact: Artifact) -> ArtifactStatus:
        """Whether an artifact is missing, fresh or stale, and why."""
        path = self.path(artifact)
        if not path.exists():
            return ArtifactStatus(artifact, "missing", f"run {artifact.made_by}")
        stat = path.stat()
        made_from = self.recorded(artifact).get("made_from", {})
        changed = [
            source.name
            for source in artifact.made_from
            if made_from.get(source.name) not in (None, self.fingerprint(source))
        ]
        why = f"{' and '.join(changed)} changed since" if changed else ""
        return ArtifactStatus(artifact, "stale" if changed else "fresh", why, stat.st_size, stat.st_mtime)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the workspace: a second run that would write in it says so and stops."""
        path = self.root / ".vaemusic" / "lock"
        with wrap_write_errors(path):
            path.parent.mkdir(exist_ok=True)
            handle = path.open("a")
        with handle:
            try:
                if fcntl:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise WorkspaceBusy(
                    f"Another vaemusic run is writing in {self.root}.", "Wait until it ends, or use another workspace."
                ) from None
            self._sweep()
            yield

    def _sweep(self) -> None:
        """Remove what a killed run had half written; whoever holds the lock is the only one who writes."""
        for artifact in ARTIFACTS:
            path = self.path(artifact)
            for part in path.parent.glob(f".{path.name}.*.part{path.suffix}"):
                part.unlink(missing_ok=True)

    @property
    def _records_path(self) -> Path:
        return self.root / ".vaemusic" / "artifacts.json"

    def _records(self) -> dict[str, Any]:
        try:
            book = json.loads(self._records_path.read_text())
        except (OSError, ValueError):
            return {}  # without the book every artifact counts as fresh; nothing is lost but the warning
        return book if isinstance(book, dict) else {}


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; it takes the name only when everything has been written.

    Whatever goes wrong, the old file stays as it was and no half of the new one is left.
    """
    with wrap_write_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name[:80]}.", suffix=f".part{path.suffix}", dir=path.parent)
        os.close(handle)
    part = Path(name)
    try:
        try:
            yield part
        except OSError as refusal:
            if refusal.errno in _DISK_REFUSES:  # any other is not about writing
                raise _refused(path, refusal) from refusal
            raise
        with wrap_write_errors(path):
            with part.open("rb+") as written:
                os.fsync(written.fileno())
            part.chmod(0o666 & ~_umask())
            part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise


@contextmanager
def wrap_write_errors(path: Path) -> Iterator[None]:
    """Turns the system's refusal to write into a message with a hint."""
    try:
        yield
    except OSError as refusal:
        raise _refused(path, refusal) from refusal


DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
MAKE_ROOM = "Make room on the disk and run the command again."
_DISK_REFUSES = (*DISK_FULL, errno.EROFS, errno.EIO)


def _refused(path: Path, refusal: OSError) -> FileUnwritable:
    full = refusal.errno in DISK_FULL
    hint = MAKE_ROOM if full else "Choose a place where you may write."
    return FileUnwritable(f"Cannot write {path}: {refusal.strerror or refusal}.", hint)


def resolve_path(path: Path) -> Path:
    """The path from the root on, links followed; an error where that leads nowhere."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as reason:  # the current folder was removed, or links lead in a circle
        why = "links lead in a circle" if isinstance(reason, RuntimeError) else "this folder is no longer there"
        raise FileUnreadable(
            f"The path {path} leads nowhere: {why}.", "Go to a folder that exists, or name one."
        ) from None


def write_bytes(path: Path, content: bytes) -> None:
    """Write a whole file or none."""
    with writing(path) as part, wrap_write_errors(path):
        part.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write a whole text file or none."""
    write_bytes(path, content.encode())


def fingerprint(path: Path) -> str:
    """A digest of a file's bytes."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    except OSError as refusal:
        reason = f"Cannot read {path}: {refusal.strerror}."
        raise FileUnreadable(reason, "Check the path and its permissions.") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
