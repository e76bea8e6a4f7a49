"""One run of the epoch loop in a workspace: resumes it, and keeps the metrics and the state of every epoch."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pianoroll_vae.desk.metrics_file import append_epoch
from pianoroll_vae.models.training.loop import Epoch, Progress, Trainer, train
from pianoroll_vae.models.training.resume import load_progress, save_progress
from pianoroll_vae.progress import Watch
from pianoroll_vae.workspace import Workspace


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
        """Train until the end. After each epoch, keep its metrics, call `save`, and keep the state.

        The state comes last: were it lost, the epoch would be trained again, to the same end. The metrics come first,
        because what `save` writes may end the training of a network: later they would be lost.
        """
        left = max(self.epochs - progress.epoch, 0) * trainer.samples_per_epoch
        try:
            with self.watch.task(f"Training {self.kind}", left, trainer.unit) as task:
                for epoch in train(trainer, progress, self.epochs, patience, task.advance):
                    if self.writes:
                        self._write_metrics(epoch)
                        save(epoch)
                        save_progress(self.checkpoint, self.identity, trainer, progress)
                        for record in epoch.records:
                            self.watch.epoch({**record, "epochs": self.epochs})
        except KeyboardInterrupt:
            few = {0: "no epoch was trained yet", 1: "1 epoch is kept"}
            kept = few.get(progress.epoch, f"{progress.epoch} epochs are kept")
            self.watch.notice(f"{self.kind}: stopped; {kept}, the same command continues from there")
            raise
        self.watch.notice(f"{self.kind}: {progress.ended}")

    def _write_metrics(self, epoch: Epoch) -> None:
        """Append the records of an epoch, in place of those that a killed run has written of it."""
        digest = blake2b(json.dumps(self.identity, sort_keys=True).encode(), digest_size=8).hexdigest()
        more = {"epochs": self.epochs, "run": digest, **self.settings}
        records = [{**record, **more} for record in epoch.records]
        append_epoch(self.workspace.metrics, records)
