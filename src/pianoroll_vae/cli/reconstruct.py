"""`vaemusic reconstruct`."""

from typing import TYPE_CHECKING

import typer

from pianoroll_vae.cli.context import watch, workspace_if_any
from pianoroll_vae.cli.music_options import with_music_options
from pianoroll_vae.cli.song_options import JsonOption, ModelOption, OutputsOption, SongArgument, outputs_or_unused
from pianoroll_vae.console import Table, print_line, show_json, show_table

if TYPE_CHECKING:
    from pianoroll_vae.desk.music_options import MusicOptions


@with_music_options("noise", "temperature", "ending", "count", "seed")
def reconstruct(
    ctx: typer.Context,
    options: "MusicOptions",
    song: SongArgument,
    output: OutputsOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Encode and decode a song, and show how much of each instrument is reconstructed.

    Example: [bold]vaemusic reconstruct song.mid -o reconstructed.mid[/]
    """
    here = workspace_if_any(ctx, model)
    from pianoroll_vae.stages.reconstruct import run

    report = run(here, song, options, outputs_or_unused(output, "reconstructed.mid"), watch(ctx))
    if as_json:
        show_json(report.as_dict())
        return
    rows = [(each.instrument, each.cells, each.onset_f1, each.cell_f1) for each in report.scores]
    show_table(Table(f"{song} encoded and decoded", ("instrument", "cells", "onset F1", "cell F1"), rows))
    print_line(f"Wrote {', '.join(map(str, report.written.paths))}")
