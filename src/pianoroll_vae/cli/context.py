"""The workspace and the progress display of a command, from the options before its name."""

from dataclasses import dataclass
from pathlib import Path

import typer

from pianoroll_vae.console import ConsoleWatch
from pianoroll_vae.errors import WorkspaceMissing
from pianoroll_vae.workspace import Workspace


@dataclass(frozen=True)
class GlobalOptions:
    """Options given before the name of the command."""

    workspace: Path | None = None
    quiet: bool = False


def workspace(ctx: typer.Context) -> Workspace:
    """The workspace named with --workspace, or else the nearest one at or above the current folder."""
    return Workspace.find(_global_options(ctx).workspace)


def workspace_if_any(ctx: typer.Context) -> Workspace | None:
    """The workspace, or None if there is none; one named with --workspace must exist."""
    try:
        return workspace(ctx)
    except WorkspaceMissing:
        if _global_options(ctx).workspace is not None:
            raise
        return None


def watch(ctx: typer.Context) -> ConsoleWatch:
    """Progress and notices on the error stream; none with --quiet."""
    return ConsoleWatch(quiet=_global_options(ctx).quiet)


def _global_options(ctx: typer.Context) -> GlobalOptions:
    return ctx.obj if isinstance(ctx.obj, GlobalOptions) else GlobalOptions()
