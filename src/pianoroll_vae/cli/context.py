"""The workspace and the progress display of a command, from the options before its name; --quiet also after it."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pianoroll_vae.console import Table, print_line, set_quiet, show_error, show_json, show_table
from pianoroll_vae.errors import VaemusicError, WorkspaceMissing
from pianoroll_vae.progress import ConsoleWatch
from pianoroll_vae.workspace import Workspace

if TYPE_CHECKING:
    from pianoroll_vae.music.band import Band


@dataclass(frozen=True)
class GlobalOptions:
    """Options of all commands."""

    workspace: Path | None = None
    quiet: bool = False


QUIET = typer.Option("--quiet", "-q", help="Print nothing but errors, and JSON with --json.")


def with_quiet(command: Callable[..., None], prints: bool = False) -> Callable[..., None]:
    """A command that takes --quiet after its name too.

    prints: all that the command does is to print, so that --quiet leaves out only notices and progress.
    """
    own = {parameter.name: parameter for parameter in inspect.signature(command).parameters.values()}
    takes_context = own.pop("ctx", None) is not None

    @wraps(command)
    def run(ctx: typer.Context, quiet: bool, **arguments: Any) -> None:
        if quiet:
            ctx.obj = replace(_global_options(ctx), quiet=True)
        set_quiet(_global_options(ctx).quiet and not prints)
        command(**arguments, **({"ctx": ctx} if takes_context else {}))

    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [
        inspect.Parameter("ctx", kind, annotation=typer.Context),
        *(parameter.replace(kind=kind) for parameter in own.values()),
        inspect.Parameter("quiet", kind, default=False, annotation=Annotated[bool, QUIET]),
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del run.__wrapped__
    return run


def workspace(ctx: typer.Context, model: str | None = None) -> Workspace:
    """The workspace named with --workspace, or else the nearest one at or above the current folder; `model`: which of
    its trained models."""
    return Workspace.find(_global_options(ctx).workspace).of_model(model)


def workspace_if_any(ctx: typer.Context, model: str | None = None) -> Workspace | None:
    """The workspace, or None if there is none; one named with --workspace, or that has the named model, must exist."""
    try:
        return workspace(ctx, model)
    except WorkspaceMissing:
        if model is not None or _global_options(ctx).workspace is not None:
            raise
        return None


def band_named(ctx: typer.Context, name: str) -> "Band":
    """A built-in band, or one of the workspace's files."""
    from pianoroll_vae.music import band_files

    here = workspace_if_any(ctx)
    return band_files.band_named(name, here.root if here else None)


def watch(ctx: typer.Context) -> ConsoleWatch:
    """Progress and notices on the error stream; none with --quiet."""
    return ConsoleWatch(quiet=_global_options(ctx).quiet)


def show_files(ctx: typer.Context, files: Iterable[object]) -> None:
    """Print which files a command has written beside what it prints; nothing with --quiet."""
    names = ", ".join(map(str, files))
    if names and not _global_options(ctx).quiet:
        print_line(f"Wrote {names}")


def show_list(
    table: Table, items: Iterable[object], broken: Iterable[tuple[Path, VaemusicError]], as_json: bool
) -> None:
    """Built-in things and those of files: as a table and the errors of broken files, or `items` and errors as JSON."""
    if as_json:
        errors = [{"source": str(path), "name": path.stem, "error": error.message} for path, error in broken]
        show_json([*items, *errors])
        return
    show_table(table)
    for _, error in broken:  # the list is complete, so the status is 0; that of one file is what check exits with
        show_error(error.message, error.hint)


def _global_options(ctx: typer.Context) -> GlobalOptions:
    return ctx.obj if isinstance(ctx.obj, GlobalOptions) else GlobalOptions()
