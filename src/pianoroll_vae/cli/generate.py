"""`vaemusic generate`."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import with_music_options
from pianoroll_vae.cli.song_options import (
    ChartOption,
    DensityOption,
    EverybodyOption,
    GenreOption,
    JsonOption,
    LengthInBars,
    LengthInSeconds,
    ModelOption,
    OutputsOption,
    outputs_or_unused,
    split_names,
)
from pianoroll_vae.cli.written import show_written

if TYPE_CHECKING:
    from pianoroll_vae.desk.music_options import MusicOptions


@with_music_options("separate")
def generate(
    ctx: typer.Context,
    options: "MusicOptions",
    steps: Annotated[
        int | None, typer.Option(min=1, help="How many phrases of four bars to write, 1 to 2000.", show_default="40")
    ] = None,
    bars: LengthInBars = None,
    seconds: LengthInSeconds = None,
    output: OutputsOption = None,
    primer: Annotated[
        str | None,
        typer.Option(
            help="What to start from: none, random, a MIDI file, or a track id or md5 of the dataset.",
            show_default="none; random for recipes without charts",
        ),
    ] = None,
    only_new: Annotated[bool, typer.Option("--only-new", help="Leave the primer out of the song.")] = False,
    form: Annotated[
        str | None,
        typer.Option(
            help="Sections, up to 64; one that is named again returns: AABA divides the length of the song, "
            "'intro:4 verse:16 chorus:8 verse' has bars of its own. The song has whole sections."
        ),
    ] = None,
    chart: ChartOption = None,
    genre: GenreOption = None,
    density: DensityOption = None,
    everybody: EverybodyOption = False,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a song with the band trained in the workspace, or with the bundled one.

    Example: [bold]vaemusic generate --steps 40 --noise 1.0 -o song.mid[/]
    """
    here = workspace_if_any(ctx, model)
    from pianoroll_vae.config import GenerateSettings, load, with_flags
    from pianoroll_vae.desk.chart_options import ChartOptions, densities
    from pianoroll_vae.desk.length import Length
    from pianoroll_vae.stages.generate import run

    settings = with_flags(load(here.root).generate if here else GenerateSettings(), primer=primer)
    length = Length(steps, bars, seconds)
    options = replace(options, everybody=everybody)
    outputs = outputs_or_unused(output, "song.mid", options.count, "songs")
    levels = densities(",".join(density)) if density else {}
    chart_options = ChartOptions(chart, form, options.chords, split_names(genre) or (), levels)
    show_written(run(here, settings, options, length, outputs, only_new, chart_options, watch(ctx)), as_json)
