"""The options that commands about a MIDI file share. Knows no command."""

from typing import Annotated, NamedTuple

import typer


class BarRange(NamedTuple):
    """The first and the last bar that are meant, counted from 1."""

    first: int
    last: int


def _bar_range(text: str) -> BarRange:
    first, _, last = text.partition("-")
    try:
        return BarRange(int(first), int(last or first))
    except ValueError:
        raise typer.BadParameter(f"'{text}' names no bars; write 9-16, or 9 for one bar.") from None


BarsOption = Annotated[
    BarRange | None, typer.Option("--bars", parser=_bar_range, metavar="9-16", help="Only these bars.")
]
BandOption = Annotated[str, typer.Option("--band", help="Whose chairs the file's instruments take: lpd5 or lpd17.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For scripts.")]
