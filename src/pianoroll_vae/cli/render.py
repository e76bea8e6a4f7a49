"""`vaemusic render`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import watch
from pianoroll_vae.cli.song_options import BarsOption, ForceOption, JsonOption, SalvageOption, SongArgument
from pianoroll_vae.console import print_line, show_json
from pianoroll_vae.errors import SettingInvalid, counted


def render(
    ctx: typer.Context,
    song: SongArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The .wav to write, or the folder.", show_default="next to the song"),
    ] = None,
    soundfont: Annotated[
        Path | None, typer.Option(help="The .sf2 to play with.", show_default="the one installed with pretty_midi")
    ] = None,
    bars: BarsOption = None,
    stems: Annotated[
        bool,
        typer.Option("--stems", help="Write a .wav and a .mid for each instrument into a folder, song_stems/."),
    ] = False,
    click: Annotated[bool, typer.Option("--click", help="Begin with a bar of clicks, a count-in.")] = False,
    salvage: SalvageOption = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Render a song of at most 60 minutes to audio: stereo, 44.1 kHz, 16 bits, normalised.

    In a song of more than 10 minutes a note sounds for at most 5 minutes.

    The stems of a song begin together, are equally long, and together sound as the song.

    Example: [bold]vaemusic render song.mid -o song.wav[/]
    """
    from pianoroll_vae.stages.render import run, run_stems

    if stems:
        if bars is not None:
            raise SettingInvalid("Stems are written of the whole song.", "Leave --bars out, or --stems.")
        parts = run_stems(song, output, soundfont, salvage, watch(ctx), force, click)
        if as_json:
            show_json(parts.as_dict())
            return
        number, names = counted(len(parts.names), "stem"), ", ".join(parts.names)
        print_line(f"Wrote {number} of {parts.seconds:.1f} s to {parts.folder}: {names}")
        return
    report = run(song, output, soundfont, bars, salvage, watch(ctx), force, click)
    if as_json:
        show_json(report.as_dict())
        return
    pace = report.seconds / report.took
    print_line(f"Wrote {report.audio}: {report.seconds:.1f} s of sound in {report.took:.2f} s ({pace:.0f}× real time).")
