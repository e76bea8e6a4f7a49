"""`vaemusic preprocess`."""

from typing import Annotated, Literal

import typer

from pianoroll_vae.cli.completion import complete_band
from pianoroll_vae.cli.context import watch, workspace
from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.config import MAX_WORKERS
from pianoroll_vae.console import Table, print_line, show_json, show_table
from pianoroll_vae.errors import counted


def preprocess(
    ctx: typer.Context,
    recipe: Annotated[
        str | None,
        typer.Option(help="The recipe whose grid to use: arranger, thesis …", show_default="the workspace's"),
    ] = None,
    band: Annotated[
        str | None,
        typer.Option(
            help="lpd5 (five instruments), lpd17 (all families), or NAME of bands/NAME.toml.",
            show_default="the workspace's",
            autocompletion=complete_band,
        ),
    ] = None,
    steps_per_beat: Annotated[
        int | None,
        typer.Option(
            min=1, max=24, help="Grid, 1 to 24 steps per beat: 1, 2, 3, 4, 6, 8, 12 or 24.", show_default="the recipe's"
        ),
    ] = None,
    segment_beats: Annotated[
        int | None, typer.Option(min=1, help="Beats per segment, 1 or more.", show_default="the recipe's")
    ] = None,
    absent: Annotated[
        Literal["silence", "drop"] | None,
        typer.Option(
            help="Songs that lack an instrument: keep it silent, or drop the song.", show_default="the recipe's"
        ),
    ] = None,
    rounding: Annotated[
        Literal["touched", "nearest"] | None,
        typer.Option(
            help="Round the end of a note up to the step it touches, or to the nearest.", show_default="the recipe's"
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MAX_WORKERS,
            help=f"Worker processes, 0 to {MAX_WORKERS}; 0 reads in this one.",
            show_default="one per core",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="The seed of the split of the songs, 0 or more.", show_default="0"),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read the chosen songs into one dataset on the recipe's grid.

    Example: [bold]vaemusic preprocess --steps-per-beat 4[/]
    """
    here = workspace(ctx)
    from pianoroll_vae import config
    from pianoroll_vae.models.recipe_files import recipe_named
    from pianoroll_vae.music.band_files import band_named
    from pianoroll_vae.stages.preprocess import run

    configured = config.load(here.root)
    settings = config.with_flags(
        configured.preprocess,
        steps_per_beat=steps_per_beat,
        segment_beats=segment_beats,
        absent=absent,
        rounding=rounding,
        workers=workers,
        seed=seed,
    )
    grid = recipe_named(recipe or configured.recipe, here.root).grid
    report = run(here, grid, band_named(band or configured.band, here.root), settings, watch(ctx))
    if as_json:
        show_json(report.as_dict())
        return
    rows = [("read", report.read), ("kept", report.kept)]
    rows += [(f"left out: {reason}", count) for reason, count in sorted(report.dropped.items())]
    rows += [(f"kept for {split}", count) for split, count in report.splits.items()]
    show_table(Table(f"{report.path.name}, {report.size / 1e6:,.1f} MB", ("", "songs"), rows))
    print_line(f"{counted(report.segments, 'segment')}, {counted(report.notes, 'note')}.")
    print_line(f"Left out and why: {report.dropped_list}")
