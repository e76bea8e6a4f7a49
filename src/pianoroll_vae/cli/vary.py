"""`vaemusic vary`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import Outputs, show_written, with_music_options
from pianoroll_vae.cli.song_options import BarsOption, JsonOption


@with_music_options()
def vary(
    ctx: typer.Context,
    options: Any,
    song: Annotated[Path, typer.Argument(help="A MIDI file.")],
    bars: BarsOption = None,
    output: Outputs = None,
    as_json: JsonOption = False,
) -> None:
    """Change a song a little: everybody, or those named with --noise; all of it, or some bars. The rest stays.

    Example: [bold]vaemusic vary song.mid --noise guitar=0.4 --bars 9-16 -o varied.mid[/]
    """
    here = workspace_if_any(ctx)
    from pianoroll_vae.stages.vary import run

    show_written(run(here, song, options, bars, output or [Path("varied.mid")], watch(ctx)), as_json)
