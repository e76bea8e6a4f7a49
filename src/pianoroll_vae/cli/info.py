"""`vaemusic info`."""

from typing import Annotated

import typer

from pianoroll_vae.console import Table, show_json, show_table


def info(as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False) -> None:
    """Show versions, device, threads and memory: what to put into a bug report.

    Example: [bold]vaemusic info --json[/]
    """
    from pianoroll_vae.stages.info import run

    facts = run()
    if as_json:
        show_json(facts)
    else:
        show_table(Table("", ("what", "value"), list(facts.items())))
