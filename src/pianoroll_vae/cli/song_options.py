"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from pianoroll_vae.cli.completion import complete_band, complete_genre, complete_model
from pianoroll_vae.console import printable


class BarRange(NamedTuple):
    """The first and the last bar of a range, counted from 1."""

    first: int
    last: int


def wrong_value(text: str, what: str) -> typer.BadParameter:
    """The error of an option that cannot have this value."""
    return typer.BadParameter(f"'{printable(text)}' {what}")


def _bar_range(text: str) -> BarRange:
    first, _, last = text.partition("-")
    try:
        return BarRange(int(first), int(last or first))
    except ValueError:
        raise wrong_value(text, "is not a range of bars; write 9-16, or 9 for one bar.") from None


def split_names(texts: str | list[str] | None) -> tuple[str, ...] | None:
    """'piano,bass' and 'drums' as names; None stays None."""
    if texts is None:
        return None
    together = texts if isinstance(texts, str) else ",".join(texts)
    return tuple(name.strip() for name in together.split(",") if name.strip())


def outputs_or_unused(outputs: list[Path] | None, usual: str, count: int = 1, folder: str | None = None) -> list[Path]:
    """The files that were named, or the usual one with a number if it exists; for several songs a folder, called like
    the file where no other name is given."""
    from pianoroll_vae.desk.overwriting import unused_path

    return outputs or [unused_path(Path(usual) if count == 1 else Path(folder or Path(usual).stem))]


MIDI_BOUND = ", up to 8 MB and 40,000 beats"
"""What the reader takes, as `--help` shows it."""

SongArgument = Annotated[Path, typer.Argument(help=f"A MIDI file{MIDI_BOUND}, or an .npz file of pypianoroll.")]
BarsOption = Annotated[
    BarRange | None,
    typer.Option("--bars", parser=_bar_range, metavar="9-16", help="Only these bars, from 1.", show_default="all"),
]
BandOption = Annotated[
    str,
    typer.Option(
        "--band",
        help="Instruments the file's tracks are assigned to: lpd5 (five), lpd17 (all families), or NAME of "
        "bands/NAME.toml.",
        autocompletion=complete_band,
    ),
]
ChartOption = Annotated[
    Path | None,
    typer.Option(
        "--chart", help="Play this chart: sections and chords, as vaemusic chart writes them.", metavar="FILE"
    ),
]
GenreOption = Annotated[
    list[str] | None,
    typer.Option(
        "--genre",
        help="Genres that the band has learned: blues,rock.",
        metavar="NAMES",
        show_default="none; rock, where the bundled band begins from nothing",
        autocompletion=complete_genre,
    ),
]
DensityOption = Annotated[
    list[str] | None,
    typer.Option(
        "--density",
        help="How many notes instruments play, for songs of the genre: low, medium or high, or drums=low,piano=high.",
        metavar="LEVEL",
        show_default="the band's choice",
    ),
]
EverybodyOption = Annotated[
    bool,
    typer.Option(
        "--everybody",
        help="Make every instrument that is written play at least half of the bars that it plays in real songs.",
    ),
]
OutputsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        help="A .mid, .wav, .png, .npz, .chart or .musicxml file; may be repeated. A folder for several songs.",
        show_default=False,
    ),
]
LengthInBars = Annotated[
    int | None,
    typer.Option("--bars", min=1, help="The length in bars, 1 or more, at most 32,000 beats; not with --steps."),
]
LengthInSeconds = Annotated[
    float | None,
    typer.Option("--seconds", help="The length in seconds, above 0, at most 32,000 beats; not with --steps."),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Replace files that vaemusic did not write, or that were changed since.")
]
SalvageOption = Annotated[
    bool,
    typer.Option("--salvage", help="Read a damaged MIDI file as far as it goes, and show what of it is not read."),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="A model of the workspace that vaemusic train --name trained.",
        show_default="the one without a name",
        autocompletion=complete_model,
    ),
]
KeepKeysOption = Annotated[
    bool, typer.Option("--keep-keys", help="Do not bring songs of different keys into one key before they are mixed.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
