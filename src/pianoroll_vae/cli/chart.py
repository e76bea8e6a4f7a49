"""`vaemusic chart`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import band_named, show_files, watch
from pianoroll_vae.cli.song_options import MIDI_BOUND, BandOption, ForceOption, JsonOption, SalvageOption
from pianoroll_vae.console import print_text, show_json


def chart(
    ctx: typer.Context,
    song: Annotated[Path, typer.Argument(help=f"A MIDI file{MIDI_BOUND}, or a .chart file to check.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the chart to this .chart file.", show_default=False)
    ] = None,
    band: BandOption = "lpd5",
    salvage: SalvageOption = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Print a song's chart: sections, and the chords of each bar, one for each half.

    Example: [bold]vaemusic chart song.mid -o song.chart[/]
    """
    from pianoroll_vae.stages.chart import run

    report = run(song, band_named(ctx, band), output, salvage, watch(ctx), force)
    for notice in report.notices:
        watch(ctx).notice(notice)
    if as_json:
        show_json(report.as_dict())
    elif report.written:
        show_files(ctx, [report.written])
    else:
        print_text(str(report.chart).rstrip())
