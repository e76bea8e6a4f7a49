"""The metrics of the latest training run of every network, as figures and as a plot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pianoroll_vae.atomic_files import write_bytes
from pianoroll_vae.desk.metrics_file import EpochRecord, read_metrics
from pianoroll_vae.errors import NothingFound
from pianoroll_vae.workspace import Workspace

Epoch = tuple[EpochRecord, dict[str, Any]]
"""A record, and the whole line that it is read from."""


@dataclass(frozen=True)
class NetworkHistory:
    """The latest run of one network; networks of one `run` are trained together."""

    stage: str
    instrument: str
    run: str
    epochs: int
    best_epoch: int
    """0: no epoch was better than the weights of `--init`."""

    loss: float | None
    """Of training in the best epoch; the held-out loss and F1 are those of its end."""

    valid_loss: float | None
    f1: float | None
    seconds: float
    """All epochs of the run."""

    per_second: float
    """Samples of the run, in the last epoch."""

    ended: str


@dataclass(frozen=True)
class HistoryReport:
    """Every network's latest run, in the order in which they were first trained."""

    networks: tuple[NetworkHistory, ...]
    records: tuple[dict[str, Any], ...]
    picture: Path | None

    def as_dict(self) -> dict[str, Any]:
        return {"epochs": list(self.records)}


def run(workspace: Workspace, plot: Path | None) -> HistoryReport:
    """`plot`: where to write a picture of the learning curves."""
    stages = _latest_runs(workspace.metrics)
    if not stages:
        named = [f"vaemusic history --model {name}" for name in workspace.models() if name != workspace.model]
        hint = f"Run: {' or '.join(named) or 'vaemusic train all'}"
        raise NothingFound(f"Nothing has been trained here yet ({workspace.metrics}).", hint)
    if plot:
        from pianoroll_vae.listen.curves import curves_png

        lines = {
            stage: {name: [line for _, line in epochs] for name, epochs in instruments.items()}
            for stage, instruments in stages.items()
        }
        write_bytes(plot, curves_png(lines))
    networks = tuple(_network_history(epochs) for instruments in stages.values() for epochs in instruments.values())
    records = tuple(line for stage in stages.values() for epochs in stage.values() for _, line in epochs)
    return HistoryReport(networks, records, plot)


def _latest_runs(path: Path) -> dict[str, dict[str, list[Epoch]]]:
    """Stage → instrument → epochs of its latest run. An epoch trained twice counts once: a run that was killed between
    writing metrics and checkpoint has trained it again, with the same result."""
    runs: dict[tuple[str, str], tuple[str, dict[int, Epoch]]] = {}
    for epoch in read_metrics(path):
        record, _ = epoch
        network = (record.stage, record.instrument)
        run, epochs = runs.get(network, ("", {}))
        if run != record.run:
            epochs = {}
        elif record.epoch == 1:
            epochs.clear()
        epochs[record.epoch] = epoch
        runs[network] = (record.run, epochs)
    stages: dict[str, dict[str, list[Epoch]]] = {}
    for (stage, instrument), (_, epochs) in runs.items():
        stages.setdefault(stage, {})[instrument] = [epochs[number] for number in sorted(epochs)]
    return stages


def _network_history(epochs: list[Epoch]) -> NetworkHistory:
    records = [record for record, _ in epochs]
    last = records[-1]
    best = next((record for record in records if record.epoch == last.best_epoch), None)
    return NetworkHistory(
        last.stage,
        last.instrument,
        last.run,
        last.epoch,
        last.best_epoch,
        best.loss if best else None,
        best.valid_loss if best else None,
        best.f1 if best else None,
        sum(record.seconds for record in records),
        last.rate,
        last.ended or "unfinished",
    )
