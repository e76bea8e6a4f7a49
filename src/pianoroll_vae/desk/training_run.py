"""One run of the epoch loop in a workspace: resumes it, and keeps the metrics and the state of every epoch."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pianoroll_vae.console import Watch
from pianoroll_vae.models.training.loop import Epoch, Progress, Trainer, train
from pianoroll_vae.models.training.resume import load_progress, save_progress
from pianoroll_vae.workspace import Workspace, wrap_write_errors


@dataclass(frozen=True)
class TrainingRun:
    """What a run is called, and what it writes to."""

    workspace: Workspace
    kind: str
    checkpoint: Path
    """The state of the run."""

    made_from: Mapping[str, Any]
    """What, beside the settings, distinguishes this run from others, as JSON: a digest of the data, …"""

    settings: Mapping[str, Any]
    """What stands in every line of the metrics: seed, batch size, …"""

    epochs: int
    watch: Watch
    writes: bool = True
    """False for all but the first of several processes."""

    @property
    def identity(self) -> dict[str, Any]:
        return {"kind": self.kind, **self.made_from, **self.settings}

    def resume(self, trainer: Trainer) -> Progress | None:
        """Copy the kept state of this run into `trainer`; None where there is none."""
        progress = load_progress(self.checkpoint, self.identity, trainer)
        if progress:
            progress.ended = ""
            self.watch.notice(f"{self.kind}: continues after epoch {progress.epoch} of {self.epochs}")
        return progress

    def train(
        self,
        trainer: Trainer,
        progress: Progress,
        patience: int | None = None,
        save: Callable[[Epoch], None] = lambda epoch: None,
    ) -> None:
        """Train until the end; after each epoch call `save`, then keep metrics and state."""
        left = max(self.epochs - progress.epoch, 0) * trainer.samples_per_epoch
        try:
            with self.watch.task(f"Training {self.kind}", left, trainer.unit) as task:
                for epoch in train(trainer, progress, self.epochs, patience, task.advance):
                    if self.writes:
                        save(epoch)
                        self._keep(epoch, trainer, progress)
        except KeyboardInterrupt:
            kept = f"{progress.epoch} epochs are kept" if progress.epoch else "no epoch was trained yet"
            self.watch.notice(f"{self.kind}: stopped; {kept}, the same command continues from there")
            raise
        self.watch.notice(f"{self.kind}: {progress.ended}")

    def _keep(self, epoch: Epoch, trainer: Trainer, progress: Progress) -> None:
        """The state comes last: were it lost, the epoch would be trained again, to the same end."""
        digest = blake2b(json.dumps(self.identity, sort_keys=True).encode(), digest_size=8).hexdigest()
        records = [{**record, "epochs": self.epochs} for record in epoch.records]
        with wrap_write_errors(self.workspace.metrics), self.workspace.metrics.open("a", encoding="utf-8") as metrics:
            for record in records:
                metrics.write(json.dumps({**record, "run": digest, **self.settings}) + "\n")
        save_progress(self.checkpoint, self.identity, trainer, progress)
        for record in records:
            self.watch.epoch(record)
