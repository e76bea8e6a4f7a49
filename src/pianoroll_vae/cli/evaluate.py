"""`vaemusic evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import show_files, watch, workspace
from pianoroll_vae.cli.song_options import JsonOption, ModelOption
from pianoroll_vae.console import print_line, show_json, show_table


def evaluate(
    ctx: typer.Context,
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="DIR",
            help="What to evaluate: folders of MIDI files, workspaces, or the word bundled.",
            show_default="this workspace's model",
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="Real songs: a dataset, or a folder of MIDI or Lakh files.", show_default="the dataset"),
    ] = None,
    thesis: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A folder of songs by the thesis recipe, as the baseline.")
    ] = None,
    count: Annotated[
        int, typer.Option(min=5, max=100_000, help="How many songs per folder or seed, 5 to 100000.")
    ] = 150,
    steps: Annotated[
        int, typer.Option(min=1, max=2000, help="How many phrases of 16 beats, 1 to 2000, a model writes per song.")
    ] = 40,
    noise: Annotated[float, typer.Option(min=0, help="Randomness of the latents of a model, 0 to 1000.")] = 1.0,
    seed: Annotated[
        list[int] | None,
        typer.Option(
            help="The seed of the songs a model writes, 0 or more; may be repeated for several sets.", show_default="0"
        ),
    ] = None,
    primer_bars: Annotated[
        int, typer.Option(min=0, help="How many bars at the beginning, 0 or more, are not evaluated.")
    ] = 4,
    tuning: Annotated[
        bool, typer.Option("--tuning", help="Compare with the validation songs instead of the test songs.")
    ] = False,
    following: Annotated[
        bool,
        typer.Option(
            "--following",
            help="Ask the models for chords, keys, densities, accompaniments and bars between others, and measure what "
            "they play; some minutes more.",
        ),
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write all figures to this JSON file.", show_default=False)
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a report with pictures to this HTML file.", show_default=False)
    ] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how close songs are to real ones: a classifier two-sample test, distributions of features, drop-out,
    copied phrases, key drift, diversity, harmony and form.

    Example: [bold]vaemusic evaluate songs/ --against real_songs/ --report report.html[/]
    """
    from pianoroll_vae.desk.evaluation_songs import EvaluateOptions
    from pianoroll_vae.errors import WorkspaceMissing
    from pianoroll_vae.stages.evaluate import run, write_report

    options = EvaluateOptions(
        tuple(sources or ()),
        against,
        thesis,
        count,
        steps,
        noise,
        tuple(seed or (0,)),
        primer_bars,
        tuning,
        model or "",
        following,
    )
    try:
        here = workspace(ctx, model)
    except WorkspaceMissing:
        if not (sources and against):
            raise
        here = None
    evaluation = run(here, options, watch(ctx))
    if output is not None:
        import json

        from pianoroll_vae.atomic_files import write_text

        write_text(output, json.dumps(evaluation.as_dict(), ensure_ascii=False, indent=1) + "\n")
    if report is not None:
        write_report(evaluation, report)
    if as_json:
        show_json(evaluation.as_dict())
        return
    from pianoroll_vae.listen import evaluation_tables as tables

    for table in (tables.summary, tables.by_instrument, tables.harmony_and_form, tables.least_overlapping):
        show_table(table(evaluation))
    for own in tables.following(evaluation):
        show_table(own)
    for sentence in tables.conclusions(evaluation):
        print_line(sentence)
    show_files(ctx, filter(None, (output, report)))
