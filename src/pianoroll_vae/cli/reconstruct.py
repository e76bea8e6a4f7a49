"""`vaemusic reconstruct`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import Outputs, with_music_options
from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.console import Table, print_line, show_json, show_table


@with_music_options("noise", "count", "seed")
def reconstruct(
    ctx: typer.Context,
    options: Any,
    song: Annotated[Path, typer.Argument(help="A MIDI file.")],
    output: Outputs = None,
    as_json: JsonOption = False,
) -> None:
    """Write a song as the models hear it, and show how much of each instrument comes back.

    Example: [bold]vaemusic reconstruct song.mid -o heard.mid[/]
    """
    here = workspace_if_any(ctx)
    from pianoroll_vae.stages.reconstruct import run

    report = run(here, song, options, output or [Path("reconstructed.mid")], watch(ctx))
    if as_json:
        show_json(report.as_dict())
        return
    rows = [(each.instrument, each.cells, each.f1) for each in report.likenesses]
    show_table(Table(f"{song} as the models hear it", ("instrument", "cells", "cell F1"), rows))
    print_line(f"Wrote {' and '.join(str(path) for path in report.written.paths)}")
