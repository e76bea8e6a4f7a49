"""`vaemusic export`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import watch, workspace
from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.console import print_line, show_json


def export(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the band is put.")],
    openings: Annotated[int, typer.Option(min=1, max=1024, help="Songs that give an opening.")] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Of the openings.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Put this workspace's band into a folder of its own: networks in half precision, openings it has written.

    Example: [bold]vaemusic export my_band[/]
    """
    from pianoroll_vae.stages.export import run

    report = run(workspace(ctx), folder, openings, seed, watch(ctx))
    if as_json:
        show_json(report.as_dict())
        return
    print_line(f"Wrote the band to {report.folder}: {report.size / 1e6:.1f} MB, {report.openings} openings")
