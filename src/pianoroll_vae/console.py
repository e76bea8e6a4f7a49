"""What people see: messages, tables and progress. The only room that knows rich; it knows nothing of music.

Work is watched through a `Watch`, so that stages never print: the command line hands them a `ConsoleWatch`, tests
and programs a `SilentWatch`.
"""

import json
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Task as RichTask
from rich.table import Table as RichTable
from rich.text import Text

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """Rows to show to a person; numbers stand to the right."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""


@dataclass(frozen=True)
class StyledText:
    """Characters of one colour within a row of text."""

    text: str
    colour: str = ""
    bold: bool = False


Row = list[StyledText]


class Task(Protocol):
    """A piece of work under way."""

    def advance(self, n: int = 1) -> None: ...


class Watch(Protocol):
    """Somebody who follows the work of a stage."""

    @contextmanager
    def task(self, title: str, total: int | None, unit: str) -> Iterator[Task]:
        """Work of `total` units (None: nobody knows); its rate and time left are shown."""

    def notice(self, text: str) -> None:
        """Something worth knowing that is no error."""

    def epoch(self, record: Mapping[str, Any]) -> None:
        """The metrics of one epoch of one instrument."""


class SilentWatch:
    """Follows without a word; remembers notices, which tests and programs may read."""

    def __init__(self) -> None:
        self.notices: list[str] = []
        self.epochs: list[dict[str, Any]] = []

    @contextmanager
    def task(self, title: str, total: int | None, unit: str) -> Iterator[Task]:
        yield _Uncounted()

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def epoch(self, record: Mapping[str, Any]) -> None:
        self.epochs.append(dict(record))


class _Uncounted:
    def advance(self, n: int = 1) -> None:
        pass


@dataclass
class ConsoleWatch:
    """Shows work on the error stream: one live view in a terminal, nothing but notices and epochs when piped."""

    quiet: bool = False
    errors: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    _view: "_View | None" = None

    @contextmanager
    def task(self, title: str, total: int | None, unit: str) -> Iterator[Task]:
        if self.quiet or not self.errors.is_terminal or self.errors.is_dumb_terminal:
            yield _Uncounted()
            return
        bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(unit),
            TimeRemainingColumn(),
            console=self.errors,
        )
        view = _View(bar)
        with Live(view, console=self.errors, transient=True, redirect_stdout=False) as live:
            self._view = view
            try:
                yield _Bar(bar, bar.add_task(escape(title), total=total))
            finally:
                self._view = view.bar = None
                live.transient = not view.records  # how far everybody came stays to be read

    def notice(self, text: str) -> None:
        if not self.quiet:
            self.errors.print(f"[cyan]·[/] {escape(text)}", soft_wrap=True)

    def epoch(self, record: Mapping[str, Any]) -> None:
        if self.quiet:
            return
        if self._view:
            self._view.take(record)
            return
        shown = (f"{key} {_number(value)}" for key, value in record.items() if isinstance(value, int | float))
        who = f"{record.get('stage', '')} {record.get('instrument', '')}".strip()
        self.errors.print(f"[bold]{escape(who)}[/] " + escape("  ".join(shown)), soft_wrap=True)


_NAMES = {
    "loss": "loss",
    "valid_loss": "held-out\nloss",
    "kl": "KL",
    "f1": "held-out\nF1",
    "rolls_per_second": "rolls/s",
    "pairs_per_second": "pairs/s",
    "slots_per_second": "slots/s",
}
"""The figures that a live view shows, in this order; all others stand in the metrics."""

_ESSENTIAL = ("valid_loss", "f1")
_WIDE = 78
"""Columns of a terminal that has room for more than the essential."""


@dataclass
class _View:
    """What a terminal shows while somebody learns: the last epoch of each network, a row each, and a bar below."""

    bar: Progress | None
    records: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    arrived: float = field(default_factory=time.monotonic)
    took: float = 0.0
    """Seconds from one epoch to the next."""

    def take(self, record: Mapping[str, Any]) -> None:
        """A row's newest epoch."""
        who = str(record.get("instrument", record.get("stage", "")))
        if all(record.get("epoch") != known.get("epoch") for known in self.records.values()):
            now = time.monotonic()
            self.took, self.arrived = now - self.arrived, now
        self.records = {**self.records, who: record}  # whole, for the thread that draws

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
        table.add_column(stage, no_wrap=True, min_width=8, vertical="bottom")
        for title in ("epoch", *(_NAMES[name] for name in figures), "time\nleft"):
            table.add_column(title, justify="right", no_wrap=True, vertical="bottom")
        for who, record in records.items():
            better = "green" if record.get("best_epoch") == record.get("epoch") else ""
            cells = (Text(_number(record.get(name)), style=better if name == "valid_loss" else "") for name in figures)
            epoch = f"{record.get('epoch')}/{record.get('epochs', '?')}"
            table.add_row(escape(who), epoch, *cells, self._left(record))
        return table

    def _left(self, record: Mapping[str, Any]) -> str:
        """How long the rest of the epochs will take, at the pace of the last one."""
        if record.get("ended") or not self.bar:
            return "–"
        epochs = record.get("epochs", record["epoch"]) - record["epoch"]
        seconds = max(self.took * epochs - (time.monotonic() - self.arrived), 0)
        return str(timedelta(seconds=round(seconds)))


@dataclass
class _Bar:
    progress: Progress
    task: Any

    def advance(self, n: int = 1) -> None:
        self.progress.advance(self.task, n)


class _Rate(TextColumn):
    def __init__(self, unit: str) -> None:
        super().__init__("")
        self.unit = unit

    def render(self, task: RichTask) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} {self.unit}/s" if speed else f"– {self.unit}/s", style="green")


def show_table(table: Table, stream: TextIO | None = None) -> None:
    """Print a table for a person."""
    console = Console(file=stream or sys.stdout, highlight=False)
    shown = RichTable(title=table.title or None, title_justify="left", caption=table.note or None)
    for index, column in enumerate(table.columns):
        numeric = all(isinstance(row[index], int | float | None) for row in table.rows)
        shown.add_column(escape(column), justify="right" if numeric else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*(escape(_number(cell)) for cell in row))
    if console.is_terminal:
        console.print(shown)
    else:  # a pipe has no width to wrap to
        Console(file=stream or sys.stdout, highlight=False, width=200).print(shown)


def show_rows(rows: Sequence[Row]) -> None:
    """Print rows of coloured text as they are, however wide; a pipe gets them without colours."""
    console = Console(highlight=False, soft_wrap=True)
    for row in rows:
        styles = (f"{'bold ' if part.bold else ''}{part.colour}".strip() for part in row)
        console.print(Text.assemble(*((part.text, style) for part, style in zip(row, styles, strict=True))))


def terminal_width() -> int:
    """Columns of the terminal; of a pipe, those that COLUMNS names or eighty."""
    return Console().width


def print_line(text: str) -> None:
    """Print a line of result."""
    print(text)


def show_json(value: object) -> None:
    """Print a result as a script reads it."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def show_error(message: str, hint: str) -> None:
    """Print what is wrong and what to do, on the error stream."""
    errors = Console(stderr=True, highlight=False)
    errors.print(f"[bold red]Error:[/] {escape(_printable(message))}", soft_wrap=True)
    if hint:
        errors.print(f"[bold]Hint:[/] {escape(_printable(hint))}", soft_wrap=True)


def _printable(text: str) -> str:
    """File names may hold anything; a message stays one line of characters that can be encoded."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _number(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.4g}"
    return cell
