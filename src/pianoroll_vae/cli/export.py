"""`vaemusic export`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import workspace
from pianoroll_vae.cli.song_options import JsonOption, ModelOption
from pianoroll_vae.console import print_line, show_json


def export(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write.")],
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the workspace's band to a folder: its networks, in 8 bits.

    Example: [bold]vaemusic export my_band[/]
    """
    from pianoroll_vae.stages.export import run

    report = run(workspace(ctx, model), folder)
    if as_json:
        show_json(report.as_dict())
        return
    print_line(f"Wrote the band to {report.folder}: {report.size / 1e6:.1f} MB")
