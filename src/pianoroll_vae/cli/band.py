"""`vaemusic band list`, `show` and `check`."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.completion import complete_band
from pianoroll_vae.cli.context import band_named, show_list, with_quiet, workspace_if_any
from pianoroll_vae.cli.plain_help import PlainTyper
from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.console import Table, print_line, print_text, show_table

band = PlainTyper(
    help="Bands: which instruments play, and which one leads. A file bands/NAME.toml in the workspace is one, too."
)


@band.command("list")
@partial(with_quiet, prints=True)
def list_bands(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """List the built-in bands and those of the workspace. A file that is no valid band is named with its error.

    Example: [bold]vaemusic band list[/]
    """
    from pianoroll_vae.stages import band as stage

    lines, broken = stage.list_bands(workspace_if_any(ctx))
    rows = [(line.band.name, line.band.lead, line.source, ", ".join(line.band.names)) for line in lines]
    table = Table("", ("band", "lead", "from", "instruments"), rows)
    show_list(table, [line.as_dict() for line in lines], broken, as_json)


@band.command()
@partial(with_quiet, prints=True)
def show(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="A band, such as lpd5.", autocompletion=complete_band)],
) -> None:
    """Print a band as TOML, to be copied into a file of your own.

    Example: [bold]vaemusic band show lpd5 > bands/mine.toml[/]
    """
    from pianoroll_vae.stages import band as stage

    print_text(stage.show(band_named(ctx, name)).rstrip())


@band.command()
@partial(with_quiet, prints=True)
def check(path: Annotated[Path, typer.Argument(metavar="FILE", help="A band file.")]) -> None:
    """Check every field of a band file, and show its instruments and the programs that they take from files.

    Example: [bold]vaemusic band check bands/trio.toml[/]
    """
    from pianoroll_vae.stages import band as stage

    line = stage.check(path)
    rows = [
        (one.name, "drums" if one.is_drum else one.program, stage.program_ranges(line.band, one))
        for one in line.band.instruments
    ]
    show_table(Table("", ("instrument", "program", "takes programs"), rows))
    print_line(f"{path} is a valid band, led by the {line.band.lead}.")
