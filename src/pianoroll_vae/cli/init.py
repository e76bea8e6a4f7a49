"""`vaemusic init`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.console import print_line


def init(
    folder: Annotated[Path, typer.Argument(metavar="[DIR]", help="The folder; made where it is not there.")] = Path(),
) -> None:
    """Make a workspace: a folder with a commented vaemusic.toml.

    Example: [bold]vaemusic init blues[/]
    """
    from pianoroll_vae.stages.init import run

    report = run(folder)
    print_line(
        f"{report.root} is {'already a workspace' if report.existed else 'a workspace now'}; settings: {report.config}"
    )
    print_line(
        "Next: vaemusic filter --genre blues,rock --lpd DIR --msd DIR (nothing downloaded? vaemusic sample corpus)"
    )
