"""`vaemusic render`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import watch
from pianoroll_vae.cli.song_options import BarsOption, ForceOption, SalvageOption, SongArgument
from pianoroll_vae.console import print_line


def render(
    ctx: typer.Context,
    song: SongArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The .wav to write.", show_default="next to the song")
    ] = None,
    soundfont: Annotated[
        Path | None, typer.Option(help="The .sf2 to play with.", show_default="the one installed with pretty_midi")
    ] = None,
    bars: BarsOption = None,
    salvage: SalvageOption = False,
    force: ForceOption = False,
) -> None:
    """Render a song of at most 60 minutes to audio: stereo, 44.1 kHz, 16 bits, normalised.

    Example: [bold]vaemusic render song.mid -o song.wav[/]
    """
    from pianoroll_vae.stages.render import run

    report = run(song, output, soundfont, bars, salvage, watch(ctx), force)
    pace = report.seconds / report.took
    print_line(f"Wrote {report.audio}: {report.seconds:.1f} s of sound in {report.took:.2f} s ({pace:.0f}× real time).")
