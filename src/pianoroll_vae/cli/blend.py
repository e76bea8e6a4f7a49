"""`vaemusic blend`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import with_music_options
from pianoroll_vae.cli.song_options import (
    MIDI_BOUND,
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


@with_music_options("noise", "temperature", "ending", "count", "seed")
def blend(
    ctx: typer.Context,
    options: "MusicOptions",
    song: SongArgument,
    style: Annotated[
        Path, typer.Option(help=f"A MIDI file{MIDI_BOUND}, or an .npz file: the song that gives the style.")
    ],
    amount: Annotated[float, typer.Option(min=0, max=1, help="0 to 1: 0 is the song, 1 the style.")] = 0.5,
    bars: BarsOption = None,
    output: OutputsOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move each instrument of a song towards what it plays in another song, in all bars or some.

    Example: [bold]vaemusic blend song.mid --style other.mid --amount 0.5 --bars 17-32 -o blended.mid[/]
    """
    here = workspace_if_any(ctx, model)
    from pianoroll_vae.stages.blend import run

    show_written(
        run(here, song, style, amount, bars, options, outputs_or_unused(output, "blended.mid"), watch(ctx)), as_json
    )
