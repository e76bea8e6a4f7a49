"""`vaemusic train`."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from pianoroll_vae.cli.completion import complete_instrument, complete_model, complete_recipe
from pianoroll_vae.cli.context import watch, workspace
from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.config import MAX_BATCH_SIZE
from pianoroll_vae.console import Table, show_json, show_table
from pianoroll_vae.errors import counted
from pianoroll_vae.progress import ConsoleWatch
from pianoroll_vae.schema import MAX_COUNT

if TYPE_CHECKING:
    from pianoroll_vae.config import TrainSettings
    from pianoroll_vae.workspace import Workspace


class What(StrEnum):
    """The networks that can be trained."""

    vae = "vae"
    melody = "melody"
    conditional = "conditional"
    groove = "groove"
    all = "all"


class Precision(StrEnum):
    """The number format of large matrix products."""

    auto = "auto"
    float32 = "float32"
    bfloat16 = "bfloat16"


def train(
    ctx: typer.Context,
    what: Annotated[
        What, typer.Argument(help="The networks to train; all: those of the band that are missing or stale.")
    ],
    instrument: Annotated[
        list[str] | None,
        typer.Option(
            "--instrument",
            "-i",
            help="Train only this instrument; may be repeated.",
            show_default="all",
            autocompletion=complete_instrument,
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            help="arranger, thesis or another recipe (vaemusic recipe list).",
            show_default="the workspace's",
            autocompletion=complete_recipe,
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A name for the model, beside others in the workspace: vaemusic generate --model NAME.",
            show_default="none",
            autocompletion=complete_model,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1, max=MAX_COUNT, help=f"How many epochs, 1 to {MAX_COUNT}.", show_default="the recipe's; groove: 6"
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_BATCH_SIZE,
            help=f"1 to {MAX_BATCH_SIZE}; larger batches are faster per epoch.",
            show_default="the recipe's",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(help="Above 0.", show_default="the recipe's; of the arranger an eightieth with --init"),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MAX_COUNT,
            help=f"1 to {MAX_COUNT}: stop after so many epochs without a lower held-out loss.",
            show_default="never; with --init 3",
        ),
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.", show_default="auto")] = None,
    precision: Annotated[Precision, typer.Option(help="auto: bfloat16 if it is faster here.")] = Precision.auto,
    seed: Annotated[
        int | None, typer.Option(min=0, help="0 or more; the same seed gives the same networks.", show_default="0")
    ] = None,
    init: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT", help="Start from a trained band: bundled, or a folder written by vaemusic export."
        ),
    ] = None,
    restart: Annotated[
        bool,
        typer.Option(
            "--restart", help="Train from the beginning what is already trained, also in place of another recipe."
        ),
    ] = False,
    tensorboard: Annotated[
        bool,
        typer.Option("--tensorboard", help="Also write metrics for TensorBoard, to tensorboard/ in the workspace."),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Train the networks of the band. Ctrl-C keeps the progress; the same command resumes.

    Example: [bold]vaemusic train all[/]
    """
    here = workspace(ctx, name)
    from pianoroll_vae.config import load, with_flags
    from pianoroll_vae.models.model import KINDS
    from pianoroll_vae.models.recipe_files import recipe_named
    from pianoroll_vae.stages.train import TrainOptions, run

    config = load(here.root)
    settings = with_flags(
        config.train, epochs=epochs, batch_size=batch_size, device=device, patience=patience, seed=seed
    )
    if what is What.groove:
        _train_groove(here, settings, restart, watch(ctx), as_json)
        return
    kinds = tuple(
        kind for kind in KINDS if what in (What.all, kind.removeprefix("bar_"))
    )  # `vae` trains the bar VAE too
    options = TrainOptions(kinds, tuple(instrument or ()), learning_rate, precision.value, restart, init, tensorboard)
    report = run(here, options, settings, recipe_named(recipe or config.recipe, here.root), watch(ctx))
    if as_json:
        show_json(report.as_dict())
        return
    rows = [
        (
            out.network,
            out.instrument,
            out.epochs,
            out.best_epoch,
            out.scores.get("valid_loss", out.scores.get("loss")),
            out.scores.get("f1"),
            out.ended,
        )
        for out in report.outcomes
    ]
    show_table(
        Table("Trained", ("network", "instrument", "epochs", "best epoch", "held-out loss", "F1", "ended"), rows)
    )


def _train_groove(
    here: "Workspace", settings: "TrainSettings", restart: bool, console_watch: ConsoleWatch, as_json: bool
) -> None:
    from pianoroll_vae.stages.train_groove import run

    figures = run(here, settings.seed or 0, console_watch, settings.epochs, restart)
    if as_json:
        show_json(figures.as_dict())
        return
    rows = [
        (name, errors.model, errors.key_mean, errors.slot_mean, errors.hits)
        for name, errors in (
            ("velocity (1 to 127), songs with dynamics", figures.velocity),
            ("offset in 1/24 beat, songs with timing", figures.offset),
            ("offset in 1/24 beat, all songs", figures.offset_all_songs),
        )
    ]
    columns = ("mean absolute error, held-out songs", "model", "mean by key", "mean by key and slot", "hits")
    note = f"F1 of hits added to taps: {figures.completion_f1:.2f}; of one repeated bar: {figures.repeated_bar_f1:.2f}."
    show_table(Table(f"Trained on the drums of {counted(figures.songs, 'song')}", columns, rows, note))
