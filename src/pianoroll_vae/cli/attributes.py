"""`vaemusic attributes learn`, `list` and `apply`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pianoroll_vae.cli.context import watch, workspace
from pianoroll_vae.cli.music_options import Outputs, show_written, with_music_options
from pianoroll_vae.cli.song_options import BarsOption, JsonOption
from pianoroll_vae.console import Table, show_json, show_table

if TYPE_CHECKING:
    from pianoroll_vae.stages.attributes import AttributeLine

attributes = typer.Typer(no_args_is_help=True, help="Make a song denser or calmer, higher, fuller, more of a genre.")


@attributes.command()
def learn(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Learn directions from the dataset, and measure on held-out songs which of them really move something.

    Example: [bold]vaemusic attributes learn[/]
    """
    here = workspace(ctx)
    from pianoroll_vae.stages.attributes import run_learn

    _show(run_learn(here, watch(ctx)), as_json)


@attributes.command("list")
def list_attributes(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Show what can be asked for, and how far it moves.

    Example: [bold]vaemusic attributes list[/]
    """
    here = workspace(ctx)
    from pianoroll_vae.stages.attributes import run_list

    _show(run_list(here, watch(ctx)), as_json)


@attributes.command()
@with_music_options("noise", "count", "seed")
def apply(
    ctx: typer.Context,
    options: Any,
    song: Annotated[Path, typer.Argument(help="A MIDI file.")],
    attribute: Annotated[
        list[str], typer.Option(metavar="NAME=AMOUNT", help="density=+1.5, or drums.density=-1; several allowed.")
    ],
    bars: BarsOption = None,
    output: Outputs = None,
    as_json: JsonOption = False,
) -> None:
    """Give a song more or less of an attribute; what that does not change stays note for note.

    Example: [bold]vaemusic attributes apply song.mid --attribute density=+1.5 -o denser.mid[/]
    """
    here = workspace(ctx)
    from pianoroll_vae.stages.attributes import run_apply

    show_written(run_apply(here, song, attribute, bars, options, output or [Path("changed.mid")], watch(ctx)), as_json)


def _show(lines: "list[AttributeLine]", as_json: bool) -> None:
    if as_json:
        show_json([vars(line) for line in lines])
        return
    rows = [(line.name, line.kind, line.moves, line.others, ", ".join(line.instruments) or "nobody") for line in lines]
    columns = ("attribute", "kind", "+1 moves it by", "others at most", "it moves")
    show_table(Table("Attributes", columns, rows, "in standard deviations, on songs not learned from"))
