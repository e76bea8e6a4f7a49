"""`vaemusic init`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.console import print_line


def init(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", help="The folder; created if it does not exist.", show_default="this folder"),
    ] = Path(),
) -> None:
    """Create a workspace: a folder with a commented vaemusic.toml.

    Example: [bold]vaemusic init blues[/]
    """
    from pianoroll_vae.stages.init import run

    report = run(folder)
    state = "is already a workspace" if report.existed else "is now a workspace"
    print_line(f"{report.root} {state}; settings: {report.config}")
    print_line("Next: vaemusic filter --genre blues,rock --lpd DIR --msd DIR (no datasets? vaemusic sample corpus)")
