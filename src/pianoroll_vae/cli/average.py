"""`vaemusic average`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    wrong_value,
)
from pianoroll_vae.cli.written import show_written

if TYPE_CHECKING:
    from pianoroll_vae.desk.music_options import MusicOptions


def _weights(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise wrong_value(text, "is not a list of numbers; write one from 0 for each song: 2,1,1.") from None


@with_music_options("noise", "temperature", "ending", "separate", "count", "seed")
def average(
    ctx: typer.Context,
    options: "MusicOptions",
    songs: Annotated[list[Path], typer.Argument(help=f"MIDI or .npz files{MIDI_BOUND} each; 1 to 100.")],
    weights: Annotated[
        Any,
        typer.Option(
            parser=_weights, metavar="NUMBERS", help="A weight from 0 for each song: 2,1,1.", show_default="all equal"
        ),
    ] = None,
    keep_keys: KeepKeysOption = False,
    output: OutputsOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the weighted mean of several songs in latent space.

    Its bars are in the meter of the first song, and its key is one, unless --keep-keys.

    Example: [bold]vaemusic average a.mid b.mid --weights 2,1 -o middle.mid[/]
    """
    here = workspace_if_any(ctx, model)
    from pianoroll_vae.stages.average import run

    show_written(
        run(here, songs, weights or (), options, outputs_or_unused(output, "average.mid"), watch(ctx), keep_keys),
        as_json,
    )
