"""What a terminal shows while a command works: a row for each network that learns, and columns of a progress bar."""

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import Progress, TextColumn
from rich.progress import Task as RichTask
from rich.table import Table as RichTable
from rich.text import Text

from pianoroll_vae.console import format_cell, one_line

_NAMES = {
    "loss": "loss",
    "valid_loss": "held-out\nloss",
    "kl": "KL",
    "f1": "held-out\nF1",
    "rolls_per_second": "rolls/s",
    "pairs_per_second": "pairs/s",
    "slots_per_second": "slots/s",
}
"""The metrics that the live view shows, in this order."""

_ESSENTIAL = ("valid_loss", "f1")
_WIDE = 78
"""From this terminal width on, all metrics are shown."""


@dataclass
class LiveView:
    """The live view of training: a row with the last epoch of each network, and a progress bar."""

    bar: Progress | None
    records: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    arrived: float = field(default_factory=time.monotonic)
    epoch_seconds: float = 0.0

    def update(self, record: Mapping[str, Any]) -> None:
        """Show a newer epoch of a network."""
        name = str(record.get("instrument", record.get("stage", "")))
        if all(record.get("epoch") != known.get("epoch") for known in self.records.values()):
            now = time.monotonic()
            self.epoch_seconds, self.arrived = now - self.arrived, now
        self.records = {**self.records, name: record}  # a new dictionary, since another thread draws the old one

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        if self.records:
            yield self._table(_NAMES if options.max_width >= _WIDE else _ESSENTIAL)
        if self.bar:
            yield self.bar

    def _table(self, names: Collection[str]) -> RichTable:
        records = self.records
        figures = [name for name in names if any(name in record for record in records.values())]
        table = RichTable(box=SIMPLE_HEAD, padding=(0, 1))
        stage = str(next(iter(records.values())).get("stage", ""))
        table.add_column(one_line(stage), no_wrap=True, min_width=8, vertical="bottom")
        for title in ("epoch", *(_NAMES[name] for name in figures), "time\nleft"):
            table.add_column(title, justify="right", no_wrap=True, vertical="bottom")
        for name, record in records.items():
            better = "green" if record.get("best_epoch") == record.get("epoch") else ""
            cells = (
                Text(format_cell(record.get(figure)), style=better if figure == "valid_loss" else "")
                for figure in figures
            )
            epoch = f"{record.get('epoch')}/{record.get('epochs', '?')}"
            table.add_row(one_line(name), epoch, *cells, self._time_left(record))
        return table

    def _time_left(self, record: Mapping[str, Any]) -> str:
        """The time that the remaining epochs take at the rate of the last one."""
        if record.get("ended") or not self.bar:
            return "–"
        epochs = record.get("epochs", record["epoch"]) - record["epoch"]
        seconds = max(self.epoch_seconds * epochs - (time.monotonic() - self.arrived), 0)
        return str(timedelta(seconds=round(seconds)))


class RateColumn(TextColumn):
    """'4,000 rolls/s' of a task."""

    def __init__(self, unit: str) -> None:
        super().__init__("")
        self.unit = unit

    def render(self, task: RichTask) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} {self.unit}/s" if speed else f"– {self.unit}/s", style="green")


class CountColumn(TextColumn):
    """'1,200 files' of a task whose total is not known, or nothing where it does not count."""

    def __init__(self, unit: str) -> None:
        super().__init__("")
        self.unit = unit

    def render(self, task: RichTask) -> Text:
        return Text(
            f"{task.completed:,.0f} {of_unit(task.completed, self.unit)}" if task.completed else "", style="green"
        )


def of_unit(number: float, unit: str) -> str:
    """'songs', or 'song' of one."""
    return unit.removesuffix("s") if number == 1 else unit
