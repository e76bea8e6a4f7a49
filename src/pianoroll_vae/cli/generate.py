"""`vaemusic generate`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import Outputs, show_written, with_music_options
from pianoroll_vae.cli.song_options import JsonOption

LengthInBars = Annotated[int | None, typer.Option(min=1, help="Or: how many bars.")]
LengthInSeconds = Annotated[float | None, typer.Option(help="Or: how many seconds.")]


@with_music_options()
def generate(
    ctx: typer.Context,
    options: Any,
    steps: Annotated[
        int | None, typer.Option(min=1, help="How many phrases of 16 beats to write.", show_default="40")
    ] = None,
    bars: LengthInBars = None,
    seconds: LengthInSeconds = None,
    output: Outputs = None,
    primer: Annotated[
        str | None,
        typer.Option(help="What to start from: random, a track id, an md5, a MIDI file.", show_default="random"),
    ] = None,
    only_new: Annotated[bool, typer.Option("--only-new", help="Leave the primer's phrase out of the song.")] = False,
    form: Annotated[str | None, typer.Option(help="Sections that return, varied: AABA.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a song: with the band trained in the workspace, or with the one that comes along.

    Example: [bold]vaemusic generate --steps 40 --noise 1.0 -o song.mid[/]
    """
    here = workspace_if_any(ctx)
    from pianoroll_vae.config import GenerateSettings, load, with_flags
    from pianoroll_vae.desk.length import Length
    from pianoroll_vae.stages.generate import run

    settings = with_flags(load(here.root).generate if here else GenerateSettings(), primer=primer)
    length = Length(steps, bars, seconds)
    outputs = output or [Path("song.mid")]
    show_written(run(here, settings, options, length, outputs, only_new, form, watch(ctx)), as_json)
