"""`vaemusic status`."""

import typer

from pianoroll_vae.cli.context import workspace
from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.console import Table, print_line, show_json, show_table


def status(
    ctx: typer.Context,
    as_json: JsonOption = False,
) -> None:
    """Show the artifacts of the workspace, whether they are up to date, and the next command.

    Example: [bold]vaemusic status[/]
    """
    from pianoroll_vae.stages.status import run

    report = run(workspace(ctx))
    if as_json:
        show_json(report.as_dict())
        return
    rows = [(line.name, line.state, line.size_text, line.made_at, line.made_from, line.why) for line in report.lines]
    show_table(Table(str(report.root), ("artifact", "state", "size", "made", "made from", "why"), rows))
    print_line(f"Next: {report.next_command}")
