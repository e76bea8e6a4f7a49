"""The metrics of the latest training run of every network, as figures and as a plot."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pianoroll_vae.errors import NothingFound
from pianoroll_vae.paths import is_file
from pianoroll_vae.workspace import Workspace, write_bytes

Record = dict[str, Any]


@dataclass(frozen=True)
class NetworkHistory:
    """The latest run of one network."""

    stage: str
    instrument: str
    epochs: int
    best_epoch: int
    loss: float
    valid_loss: float | None
    f1: float | None
    seconds: float
    per_second: float
    ended: str


@dataclass(frozen=True)
class HistoryReport:
    """Every network's latest run, in the order in which they were first trained."""

    networks: tuple[NetworkHistory, ...]
    records: tuple[Record, ...]
    picture: Path | None

    def as_dict(self) -> dict[str, Any]:
        return {"epochs": list(self.records)}


def run(workspace: Workspace, plot: Path | None) -> HistoryReport:
    """`plot`: where to write a picture of the learning curves."""
    stages = _latest_runs(workspace.metrics)
    if not stages:
        raise NothingFound(f"Nothing has been trained here yet ({workspace.metrics}).", "Run: vaemusic train all")
    if plot:
        from pianoroll_vae.listen.curves import curves_png

        write_bytes(plot, curves_png(stages))
    networks = tuple(_network_history(records) for instruments in stages.values() for records in instruments.values())
    records = tuple(record for stage in stages.values() for records in stage.values() for record in records)
    return HistoryReport(networks, records, plot)


def _latest_runs(path: Path) -> dict[str, dict[str, list[Record]]]:
    """Stage → instrument → epochs of its latest run. An epoch trained twice counts once: a run that was killed between
    writing metrics and checkpoint has trained it again, with the same result."""
    runs: dict[tuple[str, str], tuple[str, dict[int, Record]]] = {}
    for record in _records(path):
        network = (record["stage"], record["instrument"])
        run, epochs = runs.get(network, ("", {}))
        if run != record["run"]:
            epochs = {}
        elif record["epoch"] == 1:
            epochs.clear()
        epochs[record["epoch"]] = record
        runs[network] = (record["run"], epochs)
    stages: dict[str, dict[str, list[Record]]] = {}
    for (stage, instrument), (_, epochs) in runs.items():
        stages.setdefault(stage, {})[instrument] = [epochs[number] for number in sorted(epochs)]
    return stages


def _records(path: Path) -> list[Record]:
    """All valid lines; a line truncated by a full disk is skipped."""
    records = []
    if is_file(path):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                record = json.loads(line)
                if {"stage", "instrument", "epoch", "run", "loss"} <= record.keys():
                    records.append(record)
            except (ValueError, AttributeError):
                continue
    return records


def _network_history(records: list[Record]) -> NetworkHistory:
    last = records[-1]
    best = next((record for record in records if record["epoch"] == last.get("best_epoch")), last)
    rate = next((value for key, value in last.items() if key.endswith("_per_second")), 0.0)
    return NetworkHistory(
        last["stage"],
        last["instrument"],
        last["epoch"],
        best["epoch"],
        best["loss"],
        best.get("valid_loss"),
        best.get("f1"),
        sum(record.get("seconds", 0.0) for record in records),
        rate,
        last.get("ended") or "unfinished",
    )
