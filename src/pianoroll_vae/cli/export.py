"""`vaemusic export`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import watch, workspace
from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.console import print_line, show_json


def export(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write.")],
    openings: Annotated[
        int,
        typer.Option(
            min=1, max=1024, help="How many openings the band writes for later songs to start from, 1 to 1024."
        ),
    ] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Of the openings, 0 or more.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Write the workspace's band to a folder: its networks in half precision, and openings.

    Example: [bold]vaemusic export my_band[/]
    """
    from pianoroll_vae.stages.export import run

    report = run(workspace(ctx), folder, openings, seed, watch(ctx))
    if as_json:
        show_json(report.as_dict())
        return
    print_line(f"Wrote the band to {report.folder}: {report.size / 1e6:.1f} MB, {report.openings} openings")
