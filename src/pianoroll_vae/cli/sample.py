"""`vaemusic sample`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import watch
from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.console import Table, print_line, show_json, show_table
from pianoroll_vae.errors import counted


def sample(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write; created if it does not exist.")],
    songs: Annotated[int, typer.Option(min=1, max=100_000, help="How many songs to compose, 1 to 100000.")] = 72,
    seed: Annotated[int, typer.Option(help="Any whole number; the same seed gives the same bytes.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Compose a small practice corpus by rule, to try everything without downloads.

    Blues, rock, jazz, country and soul, in the formats of the Million Song Dataset (DIR/msd) and the Lakh Pianoroll
    Dataset (DIR/lpd). For practice and tests: a model trained on it learns only the few rules it was composed by.

    Example: [bold]vaemusic sample corpus[/]
    """
    from pianoroll_vae.stages.sample import run

    report = run(folder, songs, seed, watch(ctx))
    if as_json:
        show_json(report.as_dict())
        return
    show_table(Table("A practice corpus, composed by rule", ("genre", "songs"), sorted(report.genres.items())))
    missing = ", ".join(f"{count} without {name}" for name, count in sorted(report.absent.items()))
    if report.existed:
        print_line(f"{folder} already contains this corpus.")
    composed = f"{counted(report.songs, 'song')} under {counted(report.tracks, 'track id')}"
    print_line(f"{composed}, {report.seconds / 3600:.1f} hours, in {folder}")
    if missing:
        print_line(f"Some songs lack an instrument: {missing}.")
    print_line(f"Next: vaemusic filter --genre blues,rock --msd {report.msd} --lpd {report.lpd}")
