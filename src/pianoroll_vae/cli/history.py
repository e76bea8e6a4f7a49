"""`vaemusic history`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import show_files, workspace
from pianoroll_vae.cli.song_options import ModelOption
from pianoroll_vae.console import Table, show_json, show_table

NOTE = (
    "loss, held out and F1: of the best epoch, in training and on held-out songs. seconds: of all epochs and of all "
    "networks that are trained together, in the row of the first. per second: samples in the last epoch."
)


def history(
    ctx: typer.Context,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw the learning curves into a file.")] = None,
    model: ModelOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the metrics of every epoch as JSON.")] = False,
) -> None:
    """Show the latest training run of each network: epochs, best epoch, metrics and why it ended.

    Example: [bold]vaemusic history --plot curves.png[/]
    """
    from pianoroll_vae.stages.history import run

    report = run(workspace(ctx, model), plot)
    if as_json:
        show_json(report.as_dict())
        return
    columns = ("network", "instrument", "epochs", "best", "loss", "held out", "F1", "seconds", "per second", "ended")
    runs = [(one.stage, one.run) for one in report.networks]
    rows = [
        (
            one.stage,
            one.instrument,
            one.epochs,
            one.best_epoch,
            one.loss,
            one.valid_loss,
            one.f1,
            *((one.seconds, one.per_second) if runs.index(own) == row else (None, None)),
            one.ended,
        )
        for row, (own, one) in enumerate(zip(runs, report.networks, strict=True))
    ]
    show_table(Table("Training", columns, rows, NOTE))
    if report.picture:
        show_files(ctx, [report.picture])
