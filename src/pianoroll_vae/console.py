"""Prints messages, tables and progress with rich; the only module that imports it.

Stages never print: they report progress to a `Watch`, which is a `ConsoleWatch` on the command line and a
`SilentWatch` in tests and programs.
"""

import json
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console, ConsoleOptions, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Task as RichTask
from rich.table import Table as RichTable
from rich.text import Text

from pianoroll_vae.errors import counted

Cell = str | int | float | None


@dataclass(frozen=True)
class Table:
    """Rows to print; numbers are aligned to the right."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[Cell, ...]]
    note: str = ""


@dataclass(frozen=True)
class StyledText:
    """Text of one colour within a row."""

    text: str
    colour: str = ""
    bold: bool = False


Row = list[StyledText]


class Task(Protocol):
    """A running task, whose progress is shown."""

    def advance(self, n: int = 1) -> None: ...


class Watch(Protocol):
    """Receives the progress of a stage."""

    @contextmanager
    def task(self, title: str, total: int | None, unit: str) -> Iterator[Task]:
        """A task of `total` units (None: unknown); its rate and time left are shown."""

    def notice(self, text: str) -> None:
        """A message that is not an error."""

    def epoch(self, record: Mapping[str, Any]) -> None:
        """The metrics of one epoch of one instrument."""


class SilentWatch:
    """Shows nothing; keeps notices and epochs, which tests and programs may read."""

    def __init__(self) -> None:
        self.notices: list[str] = []
        self.epochs: list[dict[str, Any]] = []

    @contextmanager
    def task(self, title: str, total: int | None, unit: str) -> Iterator[Task]:
        yield _SilentTask()

    def notice(self, text: str) -> None:
        self.notices.append(text)

    def epoch(self, record: Mapping[str, Any]) -> None:
        self.epochs.append(dict(record))


class _SilentTask:
    def advance(self, n: int = 1) -> None:
        pass


LONG_SECONDS = 60.0
SAMPLE_SECONDS = 2.0
"""A task whose first seconds show that it takes longer than a minute is announced, where no progress is drawn."""


class _TimedTask:
    """Notices once, after its first seconds, how long the task takes. The first units are not timed: they may load and
    compile what the others need."""

    def __init__(self, total: int | None, notice: Callable[[str], None], count: Task) -> None:
        self.count = count
        self.total = total
        self.notice = notice
        self.began = 0.0
        self.first = self.done = 0

    def advance(self, n: int = 1) -> None:
        self.done += n
        self.count.advance(n)
        if self.first <= 0:
            self.began, self.first = time.monotonic(), self.done
            return
        seconds = time.monotonic() - self.began
        if self.total is None or seconds < SAMPLE_SECONDS or self.done <= self.first:
            return
        left, self.total = seconds / (self.done - self.first) * (self.total - self.done), None
        if left > LONG_SECONDS:
            self.notice(f"This takes about {counted(round(left / 60), 'minute')}; Ctrl-C stops it.")


@dataclass
class ConsoleWatch:
    """Shows progress on stderr: a live view in a terminal, otherwise notices, epochs, and a line every ten seconds."""

    quiet: bool = False
    errors: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    _view: "_View | None" = None

    @contextmanager
    def task(self, title: str, total: int | None, unit: str) -> Iterator[Task]:
        if self.quiet:
            yield _SilentTask()
            return
        if not self.errors.is_terminal or self.errors.is_dumb_terminal:
            with _printed_lines(self.errors, title, total, unit) as count:
                yield _TimedTask(total, self.notice, count)
            return
        counted = MofNCompleteColumn(), _Rate(unit), TimeRemainingColumn()
        bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            *(counted if total is not None else (_Counted(unit), TimeElapsedColumn())),
            console=self.errors,
        )
        view = _View(bar)
        with Live(view, console=self.errors, transient=True, redirect_stdout=False) as live:
            self._view = view
            try:
                yield _Bar(bar, bar.add_task(printable(title), total=total))
            finally:
                self._view = view.bar = None
                live.transient = not view.records  # the table of epochs stays on the screen

    def notice(self, text: str) -> None:
        if not self.quiet:
            self.errors.print(_marked("·", "cyan", text), soft_wrap=True)

    def epoch(self, record: Mapping[str, Any]) -> None:
        if self.quiet:
            return
        if self._view:
            self._view.update(record)
            return
        shown = (f"{key} {_format(value)}" for key, value in record.items() if isinstance(value, int | float))
        network = f"{record.get('stage', '')} {record.get('instrument', '')}".strip()
        self.errors.print(_marked(network, "bold", "  ".join(shown)), soft_wrap=True)


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
class _View:
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
        table.add_column(_text(stage), no_wrap=True, min_width=8, vertical="bottom")
        for title in ("epoch", *(_NAMES[name] for name in figures), "time\nleft"):
            table.add_column(title, justify="right", no_wrap=True, vertical="bottom")
        for name, record in records.items():
            better = "green" if record.get("best_epoch") == record.get("epoch") else ""
            cells = (
                Text(_format(record.get(figure)), style=better if figure == "valid_loss" else "") for figure in figures
            )
            epoch = f"{record.get('epoch')}/{record.get('epochs', '?')}"
            table.add_row(_text(name), epoch, *cells, self._time_left(record))
        return table

    def _time_left(self, record: Mapping[str, Any]) -> str:
        """The time that the remaining epochs take at the rate of the last one."""
        if record.get("ended") or not self.bar:
            return "–"
        epochs = record.get("epochs", record["epoch"]) - record["epoch"]
        seconds = max(self.epoch_seconds * epochs - (time.monotonic() - self.arrived), 0)
        return str(timedelta(seconds=round(seconds)))


@dataclass
class _Bar:
    progress: Progress
    task: Any

    def advance(self, n: int = 1) -> None:
        self.progress.advance(self.task, n)


LINE_SECONDS = 10.0
"""Between the lines of a task where there is no terminal."""


@dataclass
class _Count:
    done: int = 0

    def advance(self, n: int = 1) -> None:
        self.done += n


@contextmanager
def _printed_lines(errors: Console, title: str, total: int | None, unit: str) -> Iterator[_Count]:
    """Print how far a task is every `LINE_SECONDS`; nothing where it takes less."""
    count, ended, began = _Count(), threading.Event(), time.monotonic()

    def print_lines() -> None:
        while not ended.wait(LINE_SECONDS):
            seconds = time.monotonic() - began
            done = (
                f"{count.done:,}" + (f" of {total:,}" if total else "") + f" {_of_unit(total or count.done, unit)}, "
                if count.done
                else ""
            )
            text = f"{printable(title)}: {done}{timedelta(seconds=round(seconds))}"
            errors.print(_marked("·", "cyan", text), soft_wrap=True)

    thread = threading.Thread(target=print_lines, daemon=True)
    thread.start()
    try:
        yield count
    finally:
        ended.set()
        thread.join()


def _of_unit(number: float, unit: str) -> str:
    """'songs', or 'song' of one."""
    return unit.removesuffix("s") if number == 1 else unit


class _Rate(TextColumn):
    def __init__(self, unit: str) -> None:
        super().__init__("")
        self.unit = unit

    def render(self, task: RichTask) -> Text:
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} {self.unit}/s" if speed else f"– {self.unit}/s", style="green")


class _Counted(TextColumn):
    """'1,200 files' of a task whose total is not known, or nothing where it does not count."""

    def __init__(self, unit: str) -> None:
        super().__init__("")
        self.unit = unit

    def render(self, task: RichTask) -> Text:
        return Text(
            f"{task.completed:,.0f} {_of_unit(task.completed, self.unit)}" if task.completed else "", style="green"
        )


_quiet = False


def set_quiet(quiet: bool) -> None:
    """Whether tables and lines of results are left out; errors and JSON are always printed."""
    global _quiet
    _quiet = quiet


def show_table(table: Table, stream: TextIO | None = None) -> None:
    """Print a table."""
    if _quiet:
        return
    console = Console(file=stream or sys.stdout, highlight=False)
    title, note = (_text(words) if words else None for words in (table.title, table.note))
    shown = RichTable(title=title, title_justify="left", caption=note)
    for index, column in enumerate(table.columns):
        numeric = all(isinstance(row[index], int | float | None) for row in table.rows)
        shown.add_column(_text(column), justify="right" if numeric else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*(_text(_format(cell)) for cell in row))
    if console.is_terminal:
        console.print(shown)
    else:  # the width of a pipe is unknown: avoid wrapping
        Console(file=stream or sys.stdout, highlight=False, width=200).print(shown)


def show_rows(rows: Sequence[Row]) -> None:
    """Print rows of coloured text without wrapping; without colours to a pipe."""
    console = Console(highlight=False, soft_wrap=True)
    for row in rows:
        styles = (f"{'bold ' if part.bold else ''}{part.colour}".strip() for part in row)
        console.print(Text.assemble(*((printable(part.text), style) for part, style in zip(row, styles, strict=True))))


def terminal_width() -> int:
    """The columns of the terminal; for a pipe, those in COLUMNS or 80."""
    return Console().width


def print_line(text: str = "") -> None:
    """Print a line to stdout."""
    if not _quiet:
        print(printable(text))


def print_text(text: str) -> None:
    """Print text of several lines to stdout."""
    for line in text.split("\n"):
        print_line(line)


def show_json(value: object) -> None:
    """Print a result as JSON, in which other characters than printable ones are escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    print("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text))


def show_error(message: str, hint: str) -> None:
    """Print an error and its hint to stderr."""
    errors = Console(stderr=True, highlight=False)
    errors.print(_marked("Error:", "bold red", message), soft_wrap=True)
    if hint:
        errors.print(_marked("Hint:", "bold", hint), soft_wrap=True)


def printable(text: str) -> str:
    """Text that may hold foreign words, such as names of files, songs and genres, as it is safe in a terminal.

    Control characters, newlines and bytes that are no text are escaped.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def _text(text: str) -> Text:
    """One line without markup: brackets in foreign words are no styles."""
    return Text(printable(text))


def _marked(mark: str, style: str, text: str) -> Text:
    return Text.assemble((printable(mark), style), " ", printable(text))


def _format(cell: Cell) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.4g}"
    return cell
