"""`vaemusic vary`."""

from typing import TYPE_CHECKING

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import with_music_options
from pianoroll_vae.cli.song_options import (
    BarsOption,
    JsonOption,
    ModelOption,
    OutputsOption,
    SongArgument,
    outputs_or_unused,
)
from pianoroll_vae.cli.written import show_written

if TYPE_CHECKING:
    from pianoroll_vae.desk.music_options import MusicOptions


@with_music_options("ending", "temperature", noise="0.4")
def vary(
    ctx: typer.Context,
    options: "MusicOptions",
    song: SongArgument,
    bars: BarsOption = None,
    output: OutputsOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a song: all instruments or those named with --noise, in all bars or some.

    The more noise, the more notes change. From --noise 1.5 on the bundled band writes bars anew, in the song's chords.

    Example: [bold]vaemusic vary song.mid --noise guitar=0.4 --bars 9-16 -o varied.mid[/]
    """
    here = workspace_if_any(ctx, model)
    from pianoroll_vae.stages.vary import run

    outputs = outputs_or_unused(output, "varied.mid", options.count)
    show_written(run(here, song, options, bars, outputs, watch(ctx)), as_json)
