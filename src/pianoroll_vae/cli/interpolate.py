"""`vaemusic interpolate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import with_music_options
from pianoroll_vae.cli.song_options import (
    MIDI_BOUND,
    JsonOption,
    KeepKeysOption,
    ModelOption,
    OutputsOption,
    outputs_or_unused,
)
from pianoroll_vae.cli.written import show_written

if TYPE_CHECKING:
    from pianoroll_vae.desk.music_options import MusicOptions


@with_music_options("noise", "temperature", "ending", "separate", "count", "seed")
def interpolate(
    ctx: typer.Context,
    options: "MusicOptions",
    one: Annotated[Path, typer.Argument(help=f"A MIDI file{MIDI_BOUND}, or an .npz file: the beginning.")],
    other: Annotated[Path, typer.Argument(help=f"A MIDI file{MIDI_BOUND}, or an .npz file: the end.")],
    steps: Annotated[
        int, typer.Option(min=2, max=2000, help="How many phrases of four bars, or songs with --stepwise, 2 to 2000.")
    ] = 8,
    linear: Annotated[
        bool, typer.Option("--linear", help="Interpolate latents linearly instead of spherically.")
    ] = False,
    stepwise: Annotated[
        bool,
        typer.Option("--stepwise", help="Write a song for each step: numbered files in a folder, instead of one song."),
    ] = False,
    keep_keys: KeepKeysOption = False,
    output: OutputsOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Interpolate between two songs: as one song, or with --stepwise or -o FOLDER as a song for each step.

    Its bars are in the meter of the first song, and its key is one, unless --keep-keys.

    Example: [bold]vaemusic interpolate a.mid b.mid --steps 8 -o morph.mid[/]
    """
    here = workspace_if_any(ctx, model)
    from pianoroll_vae.stages.interpolate import run

    outputs = outputs_or_unused(output, "morph.mid", steps if stepwise else 1)
    show_written(run(here, one, other, options, steps, linear, outputs, watch(ctx), keep_keys, stepwise), as_json)
