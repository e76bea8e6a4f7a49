"""Prints messages and tables with rich, which only this module and `progress` import."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

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
    title, note = (one_line(words) if words else None for words in (table.title, table.note))
    shown = RichTable(title=title, title_justify="left", caption=note)
    for index, column in enumerate(table.columns):
        numeric = all(isinstance(row[index], int | float | None) for row in table.rows)
        shown.add_column(one_line(column), justify="right" if numeric else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*(one_line(format_cell(cell)) for cell in row))
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
    print_marked(errors, "Error:", "bold red", message)
    if hint:
        print_marked(errors, "Hint:", "bold", hint)


def printable(text: str) -> str:
    """Text that may hold foreign words, such as names of files, songs and genres, as it is safe in a terminal.

    Control characters, newlines and bytes that are no text are escaped.
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def one_line(text: str) -> Text:
    """One line without markup: brackets in words of others are no styles."""
    return Text(printable(text))


def print_marked(console: Console, mark: str, style: str, text: str) -> None:
    """Print text after a mark in a style; neither can hold markup."""
    console.print(Text.assemble((printable(mark), style), " ", printable(text)), soft_wrap=True)


def format_cell(cell: Cell) -> str:
    """A cell as it is printed; None is a dash."""
    if cell is None:
        return "–"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:,.0f}" if abs(cell) >= 1000 else f"{cell:.4g}"
    return cell
