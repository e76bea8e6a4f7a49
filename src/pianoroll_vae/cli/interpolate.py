"""`vaemusic interpolate`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import Outputs, show_written, with_music_options
from pianoroll_vae.cli.song_options import JsonOption


@with_music_options("noise", "count", "seed")
def interpolate(
    ctx: typer.Context,
    options: Any,
    one: Annotated[Path, typer.Argument(help="A MIDI file: where it begins.")],
    other: Annotated[Path, typer.Argument(help="A MIDI file: where it ends.")],
    steps: Annotated[int, typer.Option(min=2, help="How many phrases of 16 beats, or files, the way has.")] = 8,
    linear: Annotated[bool, typer.Option("--linear", help="Straight instead of along the sphere.")] = False,
    output: Outputs = None,
    as_json: JsonOption = False,
) -> None:
    """Morph one song into another: as one song, or with -o FOLDER as a song for each step.

    Example: [bold]vaemusic interpolate a.mid b.mid --steps 8 -o morph.mid[/]
    """
    here = workspace_if_any(ctx)
    from pianoroll_vae.stages.interpolate import run

    show_written(run(here, one, other, options, steps, linear, output or [Path("morph.mid")], watch(ctx)), as_json)
