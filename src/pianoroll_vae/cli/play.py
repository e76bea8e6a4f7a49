"""`vaemusic play`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import watch
from pianoroll_vae.cli.song_options import BarsOption, SalvageOption, SongArgument
from pianoroll_vae.console import print_line


def play(
    ctx: typer.Context,
    song: SongArgument,
    soundfont: Annotated[
        Path | None, typer.Option(help="The .sf2 to play with.", show_default="the one installed with pretty_midi")
    ] = None,
    bars: BarsOption = None,
    salvage: SalvageOption = False,
) -> None:
    """Play a song of at most 60 minutes on the sound device; Ctrl-C stops it.

    Example: [bold]vaemusic play song.mid --bars 9-16[/]
    """
    from pianoroll_vae.stages.play import run

    report = run(song, soundfont, bars, salvage, watch(ctx))
    print_line(f"Played {report.seconds:.1f} s with {report.player}.")
