"""`vaemusic continue`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.generate import LengthInBars, LengthInSeconds
from pianoroll_vae.cli.music_options import Outputs, show_written, with_music_options
from pianoroll_vae.cli.song_options import JsonOption


@with_music_options()
def continue_song(
    ctx: typer.Context,
    options: Any,
    song: Annotated[Path, typer.Argument(help="A MIDI file.")],
    steps: Annotated[
        int | None, typer.Option(min=1, help="How many phrases of 16 beats to add.", show_default="16")
    ] = None,
    bars: LengthInBars = None,
    seconds: LengthInSeconds = None,
    only_new: Annotated[bool, typer.Option("--only-new", help="Leave the song itself out.")] = False,
    output: Outputs = None,
    as_json: JsonOption = False,
) -> None:
    """Go on from where a song ends, in its tempo and key (--key none: wherever it leads).

    Example: [bold]vaemusic continue song.mid --steps 16 -o longer.mid[/]
    """
    here = workspace_if_any(ctx)
    from pianoroll_vae.desk.length import Length
    from pianoroll_vae.stages.continue_song import run

    outputs = output or [Path("continued.mid")]
    show_written(run(here, song, options, Length(steps, bars, seconds), outputs, only_new, watch(ctx)), as_json)
