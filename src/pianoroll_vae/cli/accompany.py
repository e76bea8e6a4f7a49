"""`vaemusic accompany`."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from pianoroll_vae.cli.completion import complete_instrument
from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import with_music_options
from pianoroll_vae.cli.song_options import (
    BarsOption,
    DensityOption,
    EverybodyOption,
    GenreOption,
    JsonOption,
    ModelOption,
    OutputsOption,
    SongArgument,
    outputs_or_unused,
    split_names,
)
from pianoroll_vae.cli.written import show_written

if TYPE_CHECKING:
    from pianoroll_vae.desk.music_options import MusicOptions


@with_music_options("ending")
def accompany(
    ctx: typer.Context,
    options: "MusicOptions",
    song: SongArgument,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="Instruments to keep note for note: piano,bass.",
            show_default="those that play",
            autocompletion=complete_instrument,
        ),
    ] = None,
    rewrite: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="Instruments to write anew; all others are kept.",
            autocompletion=complete_instrument,
        ),
    ] = None,
    all_as: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="NAME",
            help="Take all notes of the file as the part of this instrument.",
            autocompletion=complete_instrument,
        ),
    ] = None,
    bars: BarsOption = None,
    genre: GenreOption = None,
    density: DensityOption = None,
    everybody: EverybodyOption = False,
    output: OutputsOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep some instruments note for note and write the others to fit them.

    How much new parts play differs from seed to seed as it does among real songs; --density decides it.

    Example: [bold]vaemusic accompany melody.mid --keep piano -o band.mid[/]
    """
    here = workspace_if_any(ctx, model)
    from pianoroll_vae.desk.chart_options import ChartOptions, densities
    from pianoroll_vae.stages.accompany import run

    options = replace(options, everybody=everybody)
    outputs = outputs_or_unused(output, "accompanied.mid", options.count)
    names = split_names(keep) or (), split_names(rewrite) or ()
    asked = ChartOptions(genres=split_names(genre) or (), density=densities(",".join(density)) if density else {})
    show_written(run(here, song, *names, all_as, options, outputs, watch(ctx), bars, asked), as_json)
