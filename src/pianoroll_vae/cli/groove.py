"""`vaemusic groove`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import workspace_if_any
from pianoroll_vae.cli.music_options import Outputs, show_written
from pianoroll_vae.cli.song_options import JsonOption


def groove(
    ctx: typer.Context,
    song: Annotated[Path, typer.Argument(help="A MIDI file with drums, or with a tapped rhythm.")],
    output: Outputs = None,
    channel: Annotated[int, typer.Option(help="The MIDI channel of the rhythm, 1 to 16.")] = 10,
    fill: Annotated[
        bool | None,
        typer.Option("--fill/--no-fill", help="Add the rest of the kit.", show_default="where only one or two play"),
    ] = None,
    amount: Annotated[float, typer.Option(help="How far from stiff: 0 is stiff, 1 as learned, 2 the most.")] = 1.0,
    as_json: JsonOption = False,
) -> None:
    """Play a stiff or tapped rhythm as a drummer would; nothing else of the song changes.

    Velocities and timing are those that drummers' songs have in such a place, without chance. Works with the drummer
    of the workspace (vaemusic train groove), else with the one that comes with vaemusic.

    Example: [bold]vaemusic groove drums.mid -o grooved.mid[/]
    """
    here = workspace_if_any(ctx)
    from pianoroll_vae.stages.groove import run

    show_written(run(here, song, output or [Path("grooved.mid")], channel, fill, amount), as_json)
