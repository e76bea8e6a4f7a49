"""The band that is learned from a user's MIDI files: the files, the progress of its training, its learning curves."""

import hashlib
import importlib.util
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from pianoroll_vae.atomic_files import wrap_write_errors, write_bytes, write_text
from pianoroll_vae.errors import NothingFound, SettingInvalid, VaemusicError, WorkspaceBusy, without_pytorch
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.paths import is_file
from pianoroll_vae.studio.learning import MIDI_FILES, Learning, LearnRequest
from pianoroll_vae.studio.worker import Worker, WorkStopped
from pianoroll_vae.workspace import BAR_VAE, CONDITIONAL, DATASET, MELODY, VAE, Workspace

MAX_FILES = 2000
METRICS = ("stage", "instrument", "epoch", "epochs", "loss", "valid_loss")
NAMES = "names.json"

OnEvent = Callable[[str, Any], None]
"""Called with the name and the content of an event."""


class Learner:
    """A workspace in a folder of the session, and the process that trains in it."""

    def __init__(self, folder: Path, on_event: OnEvent) -> None:
        self.workspace = Workspace(folder)
        self.on_event = on_event
        self.worker = Worker(Learning(folder))
        self.running = self.finished = False
        self.problem = ""
        self.progress: dict[str, Any] = {}
        self.notices: list[str] = []

    @property
    def folder(self) -> Path:
        return self.workspace.root

    @property
    def files(self) -> dict[str, str]:
        """Digest to name of the MIDI files, in the order in which they were added."""
        try:
            names = json.loads((self.folder / NAMES).read_text(encoding="utf-8"))
            return {str(digest): str(name) for digest, name in names.items()}
        except (OSError, ValueError, AttributeError):
            return {}

    @property
    def is_trained(self) -> bool:
        """Whether the band can play: all of its networks have been trained for an epoch at least."""
        return all(is_file(self.workspace.path(part)) for part in (VAE, BAR_VAE, MELODY, CONDITIONAL))

    def state(self) -> dict[str, Any]:
        from pianoroll_vae.stages.history import run as history

        try:
            records = history(self.workspace, None).records
        except NothingFound:
            records = ()
        missing = importlib.util.find_spec("torch") is None
        return {
            "files": list(self.files.values()),
            "curves": [{name: record.get(name) for name in METRICS} for record in records],
            "trained": self.is_trained,
            "missing": without_pytorch().hint if missing else "",
            **self.brief(),
        }

    def brief(self) -> dict[str, Any]:
        """What changes all the time."""
        names = ("running", "finished", "problem", "progress", "notices")
        return {name: getattr(self, name) for name in names}

    def add(self, name: str, content: bytes) -> None:
        """Take a MIDI file; the dataset is made anew from then on."""
        self._require_idle()
        files = self.files
        if len(files) >= MAX_FILES:
            raise SettingInvalid(f"The studio learns from {MAX_FILES:,} files at most.", "Train on the command line.")
        if not len(SourceMidi.from_bytes(content, source=name or "The file").score):
            raise NothingFound(f"{name or 'The file'} has no notes.", "Leave it out.")
        digest = hashlib.blake2b(content, digest_size=12).hexdigest()
        with wrap_write_errors(self.folder):
            (self.folder / MIDI_FILES).mkdir(parents=True, exist_ok=True)
            self.workspace.path(DATASET).unlink(missing_ok=True)
        write_bytes(self.folder / MIDI_FILES / f"{digest}.mid", content)
        write_text(self.folder / NAMES, json.dumps({**files, digest: name}))

    def clear(self) -> None:
        """Leave out all files; what was learned from them stays until something else is learned."""
        self._require_idle()
        with wrap_write_errors(self.folder):
            for digest in self.files:
                (self.folder / MIDI_FILES / f"{digest}.mid").unlink(missing_ok=True)
            self.workspace.path(DATASET).unlink(missing_ok=True)
            (self.folder / NAMES).unlink(missing_ok=True)

    def begin(self, epochs: int) -> Coroutine[Any, Any, None]:
        """The work that trains, or goes on training, until all networks have been trained for so many epochs."""
        self._require_idle()
        if importlib.util.find_spec("torch") is None:
            raise without_pytorch()
        if not self.files:
            raise NothingFound("There are no songs to learn from.", "Choose MIDI files first.")
        self.running, self.finished, self.problem, self.progress, self.notices = True, False, "", {}, []
        self.on_event("learning", self.brief())
        return self._learn(epochs)

    async def _learn(self, epochs: int) -> None:
        try:
            await self.worker.call(LearnRequest(epochs), self._on_progress)
            self.finished = True
        except WorkStopped:
            pass
        except Exception as error:
            known = isinstance(error, VaemusicError)
            self.problem = f"{error.message} {error.hint}" if known else str(error)  # type: ignore[attr-defined]
        self.running = False
        self.worker.stop()  # its memory is free for other work
        self.on_event("learned", self.state())

    def stop(self) -> None:
        """End the training; what was learned is kept."""
        if self.running:
            self.worker.stop()

    def _require_idle(self) -> None:
        if self.running:
            raise WorkspaceBusy("The band is being trained.", "Stop it first.")

    def _on_progress(self, progress: dict[str, Any]) -> None:
        if "epoch" in progress:
            self.on_event("epoch", {name: progress["epoch"].get(name) for name in METRICS})
        elif "notice" in progress:
            self.notices = [*self.notices, progress["notice"]][-8:]
            self.on_event("learning", self.brief())
        else:
            self.progress = progress
            self.on_event("learning", self.brief())
