"""`vaemusic groove`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.song_options import (
    MIDI_BOUND,
    ForceOption,
    JsonOption,
    OutputsOption,
    SalvageOption,
    outputs_or_unused,
)
from pianoroll_vae.cli.written import show_written


def groove(
    ctx: typer.Context,
    song: Annotated[Path, typer.Argument(help=f"A MIDI file{MIDI_BOUND}, with drums or a tapped rhythm.")],
    output: OutputsOption = None,
    channel: Annotated[int, typer.Option(help="The MIDI channel of the rhythm, 1 to 16.")] = 10,
    fill: Annotated[
        bool | None,
        typer.Option(
            "--fill/--no-fill", help="Add the missing drums of the kit.", show_default="if only one or two drums play"
        ),
    ] = None,
    amount: Annotated[float, typer.Option(help="Strength, 0 to 2: 0 is quantised, 1 is as learned.")] = 1.0,
    salvage: SalvageOption = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Give a quantised or tapped drum rhythm velocities and timing of human drummers.

    All other instruments stay as they are. The result is not random. The model is the workspace's (vaemusic train
    groove) or else the bundled one.

    Example: [bold]vaemusic groove drums.mid -o grooved.mid[/]
    """
    here = workspace_if_any(ctx)
    from pianoroll_vae.stages.groove import run

    outputs = outputs_or_unused(output, "grooved.mid")
    show_written(run(here, song, outputs, channel, fill, amount, salvage, watch(ctx), force), as_json)
