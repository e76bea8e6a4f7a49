"""`vaemusic average`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import Outputs, show_written, with_music_options
from pianoroll_vae.cli.song_options import JsonOption


def _weights(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no list of numbers; write 2,1,1.") from None


@with_music_options("noise", "count", "seed")
def average(
    ctx: typer.Context,
    options: Any,
    songs: Annotated[list[Path], typer.Argument(help="MIDI files.")],
    weights: Annotated[
        Any, typer.Option(parser=_weights, metavar="NUMBERS", help="How much of each: 2,1,1.", show_default="all alike")
    ] = None,
    output: Outputs = None,
    as_json: JsonOption = False,
) -> None:
    """Write the song in the middle of several songs.

    Example: [bold]vaemusic average a.mid b.mid --weights 2,1 -o middle.mid[/]
    """
    here = workspace_if_any(ctx)
    from pianoroll_vae.stages.average import run

    show_written(run(here, songs, weights or (), options, output or [Path("average.mid")], watch(ctx)), as_json)
