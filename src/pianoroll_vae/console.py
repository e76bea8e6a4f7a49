"""What people see: messages, tables and progress. The only room that knows rich; it knows nothing of music.

Work is watched through a `Watch`, so that stages never print: the command line hands them a `ConsoleWatch`, tests
and programs a `SilentWatch`.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO

from rich.console import Console
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
class Stretch:
    """Characters of one colour within a row of text."""

    text: str
    colour: str = ""
    bold: bool = False


Row = list[Stretch]


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
    """Shows work on the error stream: live bars in a terminal, nothing but notices and epochs when piped."""

    quiet: bool = False
    errors: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))

    @contextmanager
    def task(self, title: str, total: int | None, unit: str) -> Iterator[Task]:
        if self.quiet or not self.errors.is_terminal:
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
            transient=True,
        )
        with bar:
            yield _Bar(bar, bar.add_task(escape(title), total=total))

    def notice(self, text: str) -> None:
        if not self.quiet:
            self.errors.print(f"[cyan]·[/] {escape(text)}", soft_wrap=True)

    def epoch(self, record: Mapping[str, Any]) -> None:
        if self.quiet:
            return
        shown = (f"{key} {_number(value)}" for key, value in record.items() if isinstance(value, int | float))
        who = f"{record.get('stage', '')} {record.get('instrument', '')}".strip()
        self.errors.print(f"[bold]{escape(who)}[/] " + escape("  ".join(shown)), soft_wrap=True)


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


def show(table: Table, stream: TextIO | None = None) -> None:
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


def say(text: str) -> None:
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
