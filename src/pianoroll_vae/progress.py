"""Shows the progress of stages: a live view in a terminal, lines in a pipe.

Stages never print: they report progress to a `Watch`, which is a `ConsoleWatch` on the command line and a
`SilentWatch` in tests and programs.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from rich.console import Console
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

from pianoroll_vae.console import format_cell, print_marked, printable
from pianoroll_vae.errors import counted
from pianoroll_vae.live_view import CountColumn, LiveView, RateColumn, of_unit


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
    _view: LiveView | None = None

    @contextmanager
    def task(self, title: str, total: int | None, unit: str) -> Iterator[Task]:
        if self.quiet:
            yield _SilentTask()
            return
        if not self.errors.is_terminal or self.errors.is_dumb_terminal:
            with _printed_lines(self.errors, title, total, unit) as count:
                yield _TimedTask(total, self.notice, count)
            return
        with_total = MofNCompleteColumn(), RateColumn(unit), TimeRemainingColumn()
        bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            *(with_total if total is not None else (CountColumn(unit), TimeElapsedColumn())),
            console=self.errors,
        )
        view = LiveView(bar)
        with Live(view, console=self.errors, transient=True, redirect_stdout=False) as live:
            self._view = view
            try:
                yield _Bar(bar, bar.add_task(printable(title), total=total))
            finally:
                self._view = view.bar = None
                live.transient = not view.records  # the table of epochs stays on the screen

    def notice(self, text: str) -> None:
        if not self.quiet:
            print_marked(self.errors, "·", "cyan", text)

    def epoch(self, record: Mapping[str, Any]) -> None:
        if self.quiet:
            return
        if self._view:
            self._view.update(record)
            return
        shown = (f"{key} {format_cell(value)}" for key, value in record.items() if isinstance(value, int | float))
        network = f"{record.get('stage', '')} {record.get('instrument', '')}".strip()
        print_marked(self.errors, network, "bold", "  ".join(shown))


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
                f"{count.done:,}" + (f" of {total:,}" if total else "") + f" {of_unit(total or count.done, unit)}, "
                if count.done
                else ""
            )
            text = f"{printable(title)}: {done}{timedelta(seconds=round(seconds))}"
            print_marked(errors, "·", "cyan", text)

    thread = threading.Thread(target=print_lines, daemon=True)
    thread.start()
    try:
        yield count
    finally:
        ended.set()
        thread.join()
