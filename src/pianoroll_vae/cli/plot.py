"""`vaemusic plot`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import band_named, watch
from pianoroll_vae.cli.song_options import BandOption, BarsOption, ForceOption, JsonOption, SalvageOption, SongArgument
from pianoroll_vae.console import print_line, show_json
from pianoroll_vae.errors import counted


def plot(
    ctx: typer.Context,
    song: SongArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The .png to write.", show_default="next to the song")
    ] = None,
    bars: BarsOption = None,
    band: BandOption = "lpd5",
    salvage: SalvageOption = False,
    one_page: Annotated[
        bool, typer.Option("--one-page", help="Draw one picture, as high as the song needs, instead of pages.")
    ] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw a song: a piano roll for each instrument, below its sections and chords. A long song has several pages:
    song.png, song-page-2.png …

    Example: [bold]vaemusic plot song.mid -o song.png[/]
    """
    from pianoroll_vae.stages.plot import run

    report = run([song], output, band_named(ctx, band), bars, salvage, watch(ctx), force, one_page)
    if as_json:
        show_json(report.as_dict())
        return
    print_line(f"Wrote {', '.join(map(str, report.pictures))}: {counted(report.notes, 'note')}.")
