"""`vaemusic accompany`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import Outputs, names, show_written, with_music_options
from pianoroll_vae.cli.song_options import JsonOption


@with_music_options()
def accompany(
    ctx: typer.Context,
    options: Any,
    song: Annotated[Path, typer.Argument(help="A MIDI file.")],
    keep: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Who stays note for note: piano,bass.", show_default="who plays")
    ] = None,
    rewrite: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Who is written anew while all others stay.")
    ] = None,
    all_as: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Whose part all notes of the file are.")
    ] = None,
    output: Outputs = None,
    as_json: JsonOption = False,
) -> None:
    """Keep some instruments note for note and write the others to fit them.

    Example: [bold]vaemusic accompany sketch.mid --keep piano -o band.mid[/]
    """
    here = workspace_if_any(ctx)
    from pianoroll_vae.stages.accompany import run

    outputs = output or [Path("accompanied.mid")]
    show_written(run(here, song, names(keep), names(rewrite), all_as, options, outputs, watch(ctx)), as_json)
