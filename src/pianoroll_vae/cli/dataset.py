"""`vaemusic dataset`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import show_files, workspace
from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.console import Table, print_line, show_json, show_table
from pianoroll_vae.errors import counted

GENRES_SHOWN = 8


def dataset(
    ctx: typer.Context,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw these figures into a file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the dataset contains: songs, hours, and figures of each instrument.

    Example: [bold]vaemusic dataset --plot dataset.png[/]
    """
    from pianoroll_vae.stages.dataset import run

    report = run(workspace(ctx), plot)
    if as_json:
        show_json(report.as_dict())
        return
    summary = report.summary
    title = f"{report.path.name}: {report.band}, {report.steps_per_beat} steps per beat, {report.size / 1e6:,.1f} MB"
    rows = [(one.name, one.songs, f"{one.bars_played:.0%}", one.notes, one.pitch_range) for one in summary.instruments]
    show_table(Table(title, ("instrument", "songs", "bars played", "notes", "range"), rows))
    splits = ", ".join(f"{count:,} {split}" for split, count in summary.splits.items())
    segments = f"{counted(summary.segments, 'segment')} of {counted(report.segment_steps, 'step')}"
    print_line(f"{counted(summary.songs, 'song')} ({splits}), {segments}")
    print_line(f"{summary.hours:,.1f} hours, {counted(summary.notes, 'note')}")
    if summary.genres:
        print_line("Genres: " + ", ".join(f"{genre} {count:,}" for genre, count in summary.genres[:GENRES_SHOWN]))
    if report.picture:
        show_files(ctx, [report.picture])
