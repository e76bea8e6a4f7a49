"""`vaemusic evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import watch, workspace
from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.console import print_line, show_json, show_table


def evaluate(
    ctx: typer.Context,
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="DIR", help="Folders of MIDI files, workspaces, or bundled.", show_default="this workspace's model"
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="Real songs: a dataset, or a folder of MIDI or Lakh files.", show_default="the dataset"),
    ] = None,
    thesis: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Songs of the recipe thesis, for the floor: a folder like those.")
    ] = None,
    count: Annotated[int, typer.Option(min=5, help="How many songs of each folder or seed.")] = 150,
    steps: Annotated[int, typer.Option(min=1, help="How many phrases of 16 beats a model plays.")] = 40,
    noise: Annotated[float, typer.Option(min=0, help="How far a model strays.")] = 1.0,
    seed: Annotated[list[int] | None, typer.Option(help="Once for each set of songs.", show_default="0")] = None,
    primer_bars: Annotated[int, typer.Option(min=0, help="Bars at the beginning that are not judged.")] = 4,
    tuning: Annotated[
        bool, typer.Option("--tuning", help="Against the songs kept for tuning; the final ones stay unseen.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="All figures, as JSON.", show_default=False)
    ] = None,
    report: Annotated[Path | None, typer.Option(help="A page with pictures, as HTML.", show_default=False)] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how close songs are to real ones: a classifier two-sample test, distributions of features, drop-out,
    copied phrases, key drift and diversity.

    Example: [bold]vaemusic evaluate songs/ --against real_songs/ --report report.html[/]
    """
    from pianoroll_vae.errors import WorkspaceMissing
    from pianoroll_vae.stages.evaluate import Asked, run, write_report

    asked = Asked(tuple(sources or ()), against, thesis, count, steps, noise, tuple(seed or (0,)), primer_bars, tuning)
    try:
        here = workspace(ctx)
    except WorkspaceMissing:
        if not (sources and against):
            raise
        here = None
    evaluation = run(here, asked, watch(ctx))
    if output is not None:
        import json

        from pianoroll_vae.workspace import write_text

        write_text(output, json.dumps(evaluation.as_dict(), ensure_ascii=False, indent=1) + "\n")
    if report is not None:
        write_report(evaluation, report)
    if as_json:
        show_json(evaluation.as_dict())
        return
    from pianoroll_vae.listen.evaluation_tables import by_instrument, conclusions, least_overlapping, summary

    for table in (summary, by_instrument, least_overlapping):
        show_table(table(evaluation))
    for sentence in conclusions(evaluation):
        print_line(sentence)
    for written in filter(None, (output, report)):
        print_line(f"Wrote {written}")
