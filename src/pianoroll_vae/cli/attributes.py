"""`vaemusic attributes learn`, `list` and `apply`."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from pianoroll_vae.cli.context import watch, with_quiet, workspace, workspace_if_any
from pianoroll_vae.cli.music_options import with_music_options
from pianoroll_vae.cli.plain_help import PlainTyper
from pianoroll_vae.cli.song_options import (
    BarsOption,
    JsonOption,
    ModelOption,
    OutputsOption,
    SongArgument,
    outputs_or_unused,
)
from pianoroll_vae.cli.written import show_written
from pianoroll_vae.console import Table, show_json, show_table

if TYPE_CHECKING:
    from pianoroll_vae.desk.music_options import MusicOptions
    from pianoroll_vae.stages.attributes import AttributeLine

attributes = PlainTyper(help="Make a song denser or calmer, higher, fuller, or more typical of a genre.")


@attributes.command()
@with_quiet
def learn(ctx: typer.Context, model: ModelOption = None, as_json: JsonOption = False) -> None:
    """Learn attribute directions in latent space from the dataset, and measure their effect on held-out songs.

    Example: [bold]vaemusic attributes learn[/]
    """
    here = workspace(ctx, model)
    from pianoroll_vae.stages.attributes import run_learn

    _show(run_learn(here, watch(ctx)), as_json)


@attributes.command("list")
@partial(with_quiet, prints=True)
def list_attributes(ctx: typer.Context, model: ModelOption = None, as_json: JsonOption = False) -> None:
    """List the attributes, and how far each changes a song.

    Example: [bold]vaemusic attributes list[/]
    """
    here = workspace_if_any(ctx, model)
    from pianoroll_vae.stages.attributes import run_list

    _show(run_list(here, watch(ctx)), as_json)


@attributes.command()
@with_quiet
@with_music_options("noise", "temperature", "ending", "count", "seed")
def apply(
    ctx: typer.Context,
    options: "MusicOptions",
    song: SongArgument,
    attribute: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=AMOUNT",
            help="The change in standard deviations, -10 to 10: density=+1.5, or drums.density=-1. May be repeated.",
        ),
    ],
    bars: BarsOption = None,
    output: OutputsOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a song more or less of an attribute; notes that this does not concern are kept.

    Example: [bold]vaemusic attributes apply song.mid --attribute density=+1.5 -o denser.mid[/]
    """
    here = workspace_if_any(ctx, model)
    from pianoroll_vae.stages.attributes import run_apply

    show_written(
        run_apply(here, song, attribute, bars, options, outputs_or_unused(output, "changed.mid"), watch(ctx)), as_json
    )


def _show(lines: "list[AttributeLine]", as_json: bool) -> None:
    if as_json:
        show_json([vars(line) for line in lines])
        return
    rows = [(line.name, line.kind, line.moves, line.others, ", ".join(line.instruments) or "none") for line in lines]
    columns = ("attribute", "kind", "effect of +1", "on others at most", "instruments")
    show_table(Table("Attributes", columns, rows, "in standard deviations, on held-out songs"))
