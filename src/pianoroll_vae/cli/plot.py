"""`vaemusic plot`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.song_options import BandOption, BarsOption
from pianoroll_vae.console import print_line


def plot(
    song: Annotated[Path, typer.Argument(help="A MIDI file.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The .png to write.", show_default="beside the song")
    ] = None,
    bars: BarsOption = None,
    band: BandOption = "lpd5",
) -> None:
    """Draw a song: a coloured piano roll for each instrument, bars and beats marked.

    Example: [bold]vaemusic plot song.mid -o song.png[/]
    """
    from pianoroll_vae.music.band import find_band
    from pianoroll_vae.stages.plot import run

    report = run([song], output, find_band(band), bars)
    print_line(f"Wrote {report.picture}: {report.notes:,} notes.")
