"""What every command shares: the workspace it was asked to work in, and who watches. Knows no command."""

from dataclasses import dataclass
from pathlib import Path

import typer

from pianoroll_vae.console import ConsoleWatch
from pianoroll_vae.errors import WorkspaceMissing
from pianoroll_vae.workspace import Workspace


@dataclass(frozen=True)
class GlobalOptions:
    """What stands before the command's name."""

    workspace: Path | None = None
    quiet: bool = False


def workspace(ctx: typer.Context) -> Workspace:
    """The workspace of this call: the folder named with --workspace, else the nearest one upwards."""
    return Workspace.find(_asked(ctx).workspace)


def workspace_if_any(ctx: typer.Context) -> Workspace | None:
    """The workspace of this call, for what also works without one; one that was named must be there."""
    try:
        return workspace(ctx)
    except WorkspaceMissing:
        if _asked(ctx).workspace is not None:
            raise
        return None


def watch(ctx: typer.Context) -> ConsoleWatch:
    """Who follows the work: progress on the error stream, silent with --quiet."""
    return ConsoleWatch(quiet=_asked(ctx).quiet)


def _asked(ctx: typer.Context) -> GlobalOptions:
    return ctx.obj if isinstance(ctx.obj, GlobalOptions) else GlobalOptions()
