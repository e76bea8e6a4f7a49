"""`vaemusic import`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import watch, workspace
from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.config import MAX_WORKERS
from pianoroll_vae.console import Table, print_line, show_json, show_table
from pianoroll_vae.errors import counted

FREQUENT_GENRES = 20


def import_midi(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of .mid, .midi or .kar files, at any depth.")],
    genre: Annotated[
        str, typer.Option(help="The genre of files that are not in a subfolder.", show_default="none")
    ] = "",
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MAX_WORKERS,
            help=f"Worker processes, 0 to {MAX_WORKERS}; 0 reads in this one.",
            show_default="one per core",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Choose the songs to learn from: all MIDI files in a folder. The top-level subfolders are their genres.

    Example: [bold]vaemusic import my_midi[/]
    """
    here = workspace(ctx)
    from pianoroll_vae.stages.import_midi import run

    report = run(here, folder, watch(ctx), genre, workers)
    if as_json:
        show_json(report.as_dict())
        return
    rows = [("MIDI files found", report.files), ("songs kept", report.kept)]
    rows += [(f"left out: {reason}", count) for reason, count in sorted(report.dropped.items())]
    rows += [(f"genre: {name}", count) for name, count in list(report.genres.items())[:FREQUENT_GENRES]]
    show_table(Table("", ("", "songs"), rows))
    print_line(f"{report.seconds / 3600:.1f} hours, {counted(report.notes, 'note')}.")
    print_line(f"Left out and why: {report.dropped_list}")
