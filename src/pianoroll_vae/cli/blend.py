"""`vaemusic blend`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import Outputs, show_written, with_music_options
from pianoroll_vae.cli.song_options import BarsOption, JsonOption


@with_music_options("noise", "count", "seed")
def blend(
    ctx: typer.Context,
    options: Any,
    song: Annotated[Path, typer.Argument(help="A MIDI file.")],
    style: Annotated[Path, typer.Option(help="A MIDI file that gives the style.")],
    amount: Annotated[float, typer.Option(min=0, max=1, help="0 is the song, 1 the style.")] = 0.5,
    bars: BarsOption = None,
    output: Outputs = None,
    as_json: JsonOption = False,
) -> None:
    """Pull each instrument of a song toward what it plays in another, from beginning to end or in some bars.

    Example: [bold]vaemusic blend song.mid --style other.mid --amount 0.5 --bars 17-32 -o blended.mid[/]
    """
    here = workspace_if_any(ctx)
    from pianoroll_vae.stages.blend import run

    show_written(run(here, song, style, amount, bars, options, output or [Path("blended.mid")], watch(ctx)), as_json)
