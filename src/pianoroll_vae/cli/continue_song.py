"""`vaemusic continue`."""

from typing import TYPE_CHECKING, Annotated

import typer

from pianoroll_vae.cli.completion import complete_instrument
from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import with_music_options
from pianoroll_vae.cli.song_options import (
    ChartOption,
    DensityOption,
    GenreOption,
    JsonOption,
    LengthInBars,
    LengthInSeconds,
    ModelOption,
    OutputsOption,
    SongArgument,
    outputs_or_unused,
    split_names,
)
from pianoroll_vae.cli.written import show_written

if TYPE_CHECKING:
    from pianoroll_vae.desk.music_options import MusicOptions


@with_music_options()
def continue_song(
    ctx: typer.Context,
    options: "MusicOptions",
    song: SongArgument,
    steps: Annotated[
        int | None, typer.Option(min=1, help="How many phrases of four bars to add, 1 to 2000.", show_default="16")
    ] = None,
    bars: LengthInBars = None,
    seconds: LengthInSeconds = None,
    after: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="BAR",
            help="Go on after this bar, 1 or more, and leave out what follows.",
            show_default="the last",
        ),
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="Instruments that join those of the song, which goes on with its own: bass,drums.",
            show_default="none",
            autocompletion=complete_instrument,
        ),
    ] = None,
    only_new: Annotated[bool, typer.Option("--only-new", help="Write only what is added, without the song.")] = False,
    chart: ChartOption = None,
    genre: GenreOption = None,
    density: DensityOption = None,
    output: OutputsOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Continue a song from its end, in its tempo and key (--key none: in any key).

    The instruments that play in it go on, and --add lets others join. An ending, such as a last chord that is held, is
    kept, and the band goes on as before it.

    Example: [bold]vaemusic continue song.mid --steps 16 -o longer.mid[/]
    """
    here = workspace_if_any(ctx, model)
    from pianoroll_vae.desk.chart_options import ChartOptions, densities
    from pianoroll_vae.desk.length import Length
    from pianoroll_vae.stages.continue_song import run

    outputs = outputs_or_unused(output, "continued.mid", options.count)
    levels = densities(",".join(density)) if density else {}
    chart_options = ChartOptions(chart, None, options.chords, split_names(genre) or (), levels)
    length = Length(steps, bars, seconds)
    names = split_names(add) or ()
    show_written(run(here, song, options, length, outputs, only_new, chart_options, watch(ctx), after, names), as_json)
