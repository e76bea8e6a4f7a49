"""`vaemusic compare-models`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pianoroll_vae.cli.completion import complete_model
from pianoroll_vae.cli.context import show_files, watch, workspace_if_any
from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.console import Table, print_line, show_json, show_table
from pianoroll_vae.errors import counted

if TYPE_CHECKING:
    from pianoroll_vae.stages.compare_models import ModelFigures


def compare_models(
    ctx: typer.Context,
    models: Annotated[
        list[str],
        typer.Argument(
            metavar="MODEL",
            help="Models of this workspace by name, . for the one without a name, other workspaces, folders that "
            "vaemusic export wrote, or the word bundled.",
            autocompletion=complete_model,
        ),
    ],
    against: Annotated[
        Path | None,
        typer.Option(metavar="DATASET", help="The dataset of real songs.", show_default="the workspace's"),
    ] = None,
    count: Annotated[int, typer.Option(min=5, max=100_000, help="How many songs each model writes, 5 to 100000.")] = 50,
    steps: Annotated[
        int, typer.Option(min=1, max=2000, help="How many phrases of 16 beats a song has, 1 to 2000.")
    ] = 16,
    noise: Annotated[float, typer.Option(min=0, help="Randomness of the latents, 0 to 1000.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the songs, 0 or more.")] = 0,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw these figures into a file.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare trained models in one table: held-out bound, F1 of reconstruction, overlap and AUC of songs against real
    ones, drop-out, speed and size.

    Example: [bold]vaemusic compare-models . mine bundled --plot models.png[/]
    """
    from pianoroll_vae.desk.evaluation_songs import EvaluateOptions
    from pianoroll_vae.stages.compare_models import run

    options = EvaluateOptions(against=against, count=count, steps=steps, noise=noise, seeds=(seed,))
    report = run(workspace_if_any(ctx), models, options, plot, watch(ctx))
    if as_json:
        show_json(report.as_dict())
        return
    columns = ("model", "recipe", "held-out bound", "F1", "overlap", "AUC", "drop-out", "bars/s", "MB", "parameters")
    show_table(
        Table(f"{counted(report.songs, 'song')} of each model", columns, [_row(model) for model in report.models])
    )
    for note in report.notes:
        print_line(note)
    if report.picture:
        show_files(ctx, [report.picture])


def _row(model: "ModelFigures") -> tuple[str | int | None, ...]:
    return (
        model.name,
        model.recipe,
        None if model.bound is None else f"{model.bound:.1f} {model.bound_unit}",
        None if model.f1 is None else f"{model.f1:.3f}",
        f"{model.overlap:.3f}",
        f"{model.auc:.3f}",
        None if model.drop_out is None else f"{model.drop_out_instrument} {model.drop_out:.0%}",
        f"{model.bars_per_second:,.0f}",
        f"{model.size / 1e6:.1f}",
        model.parameters,
    )
