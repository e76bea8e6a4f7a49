"""The command `vaemusic`: registers all commands and turns errors into messages and exit statuses."""

import atexit
import gc
import io
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from pianoroll_vae import __version__
from pianoroll_vae.atomic_files import DISK_FULL, MAKE_ROOM
from pianoroll_vae.cli.accompany import accompany
from pianoroll_vae.cli.attributes import attributes
from pianoroll_vae.cli.average import average
from pianoroll_vae.cli.band import band
from pianoroll_vae.cli.blend import blend
from pianoroll_vae.cli.chart import chart
from pianoroll_vae.cli.compare import compare
from pianoroll_vae.cli.compare_models import compare_models
from pianoroll_vae.cli.context import GlobalOptions, with_quiet
from pianoroll_vae.cli.continue_song import continue_song
from pianoroll_vae.cli.dataset import dataset
from pianoroll_vae.cli.evaluate import evaluate
from pianoroll_vae.cli.export import export
from pianoroll_vae.cli.filter import filter_songs
from pianoroll_vae.cli.generate import generate
from pianoroll_vae.cli.groove import groove
from pianoroll_vae.cli.history import history
from pianoroll_vae.cli.import_midi import import_midi
from pianoroll_vae.cli.info import info
from pianoroll_vae.cli.init import init
from pianoroll_vae.cli.interpolate import interpolate
from pianoroll_vae.cli.interrupts import leave_stopped, stopping_promptly
from pianoroll_vae.cli.plain_help import PlainGroup, PlainTyper
from pianoroll_vae.cli.play import play
from pianoroll_vae.cli.plot import plot
from pianoroll_vae.cli.preprocess import preprocess
from pianoroll_vae.cli.recipe import recipe
from pianoroll_vae.cli.reconstruct import reconstruct
from pianoroll_vae.cli.render import render
from pianoroll_vae.cli.sample import sample
from pianoroll_vae.cli.show import show
from pianoroll_vae.cli.status import status
from pianoroll_vae.cli.studio import studio
from pianoroll_vae.cli.train import train
from pianoroll_vae.cli.vary import vary
from pianoroll_vae.console import print_line, show_error
from pianoroll_vae.errors import SettingInvalid, VaemusicError, without_pytorch
from pianoroll_vae.progress import ConsoleWatch


class _Stopped(Exception):
    """Ctrl-C was pressed."""


class _Commands(PlainGroup):
    """Reports Ctrl-C as `_Stopped`; Typer by itself would exit without a message."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        _refuse_repeated(command, ctx, rest)
        return name, command, rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise _Stopped from None


def _refuse_repeated(command: Any, ctx: Any, words: list[str]) -> None:
    """Raise SettingInvalid where an option that holds one value is given several; by itself the last would hold."""
    try:
        own = command.context_class(command, parent=ctx)
        _, _, given = command.make_parser(own).parse_args(list(words))
    except Exception:  # the command itself explains what is wrong with its options
        return
    for option in given:
        single = not (option.nargs < 0 or getattr(option, "multiple", False) or getattr(option, "is_flag", False))
        if single and given.count(option) > 1:
            raise SettingInvalid(f"{option.opts[0]} is given more than once.", "It holds one value: give it once.")


app = PlainTyper(cls=_Commands, rich_markup_mode="rich", pretty_exceptions_enable=False)

SET_UP, MAKE, EDIT, INSPECT = "Set up", "Make music", "Edit your own songs", "Inspect and listen"

app.command(rich_help_panel=SET_UP)(with_quiet(init))
app.command(rich_help_panel=SET_UP)(with_quiet(sample))
app.command("filter", rich_help_panel=MAKE)(with_quiet(filter_songs))
app.command("import", rich_help_panel=MAKE)(with_quiet(import_midi))
app.command(rich_help_panel=MAKE)(with_quiet(preprocess))
app.add_typer(recipe, name="recipe", rich_help_panel=MAKE)
app.add_typer(band, name="band", rich_help_panel=MAKE)
app.command(rich_help_panel=MAKE)(with_quiet(train))
app.command(rich_help_panel=MAKE)(with_quiet(generate))
app.command(rich_help_panel=MAKE)(with_quiet(export))
app.command(rich_help_panel=MAKE)(with_quiet(studio, prints=True))
app.command("continue", rich_help_panel=EDIT)(with_quiet(continue_song))
app.command(rich_help_panel=EDIT)(with_quiet(accompany))
app.command(rich_help_panel=EDIT)(with_quiet(vary))
app.command(rich_help_panel=EDIT)(with_quiet(interpolate))
app.command(rich_help_panel=EDIT)(with_quiet(average))
app.command(rich_help_panel=EDIT)(with_quiet(blend))
app.add_typer(attributes, name="attributes", rich_help_panel=EDIT)
app.command(rich_help_panel=EDIT)(with_quiet(groove))
app.command(rich_help_panel=EDIT)(with_quiet(reconstruct))
app.command(rich_help_panel=INSPECT)(with_quiet(status, prints=True))
app.command(rich_help_panel=INSPECT)(with_quiet(dataset, prints=True))
app.command(rich_help_panel=INSPECT)(with_quiet(history, prints=True))
app.command(rich_help_panel=INSPECT)(with_quiet(info, prints=True))
app.command(rich_help_panel=INSPECT)(with_quiet(show, prints=True))
app.command(rich_help_panel=INSPECT)(with_quiet(chart, prints=True))
app.command(rich_help_panel=INSPECT)(with_quiet(plot))
app.command(rich_help_panel=INSPECT)(with_quiet(play))
app.command(rich_help_panel=INSPECT)(with_quiet(render))
app.command(rich_help_panel=INSPECT)(with_quiet(compare, prints=True))
app.command(rich_help_panel=INSPECT)(with_quiet(evaluate, prints=True))
app.command("compare-models", rich_help_panel=INSPECT)(with_quiet(compare_models, prints=True))


def _version(wanted: bool) -> None:
    if wanted:
        print_line(f"vaemusic {__version__}")
        raise typer.Exit


@app.callback()
def vaemusic(
    ctx: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace",
            "-w",
            metavar="DIR",
            help="The workspace folder.",
            show_default="the nearest one above this folder",
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but errors, and JSON with --json.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Learn from piano rolls and write five-track songs: piano, guitar, bass, strings and drums."""
    ctx.obj = GlobalOptions(workspace, quiet)


atexit.register(gc.freeze)
"""The interpreter ends without a last search for garbage, which takes a seventh of the time of a short command."""


def main() -> None:
    """Run a command. Each error that a user can cause becomes one message, a hint and an exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # characters that the terminal cannot encode become '?'
        sys.stdout.reconfigure(errors="replace")
    try:
        try:
            with stopping_promptly():
                app(prog_name="vaemusic")
        finally:
            if sys.stdout is not None:  # a closed pipe raises here, not at interpreter exit
                sys.stdout.flush()
    except VaemusicError as error:
        show_error(error.message, error.hint)
        sys.exit(error.exit_status)
    except ModuleNotFoundError as missing:
        if missing.name != "torch":
            raise
        remedy = without_pytorch()
        show_error(remedy.message, remedy.hint)
        sys.exit(remedy.exit_status)
    except (_Stopped, KeyboardInterrupt):
        ConsoleWatch().notice("Stopped.")
        leave_stopped()
    except BrokenPipeError:  # the reader of our output closed the pipe
        _discard_output()
        sys.exit(141)
    except OSError as refusal:
        if refusal.errno not in DISK_FULL:
            raise
        _discard_output()
        show_error(f"Cannot write the output: {refusal.strerror}.", MAKE_ROOM)
        sys.exit(1)


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
