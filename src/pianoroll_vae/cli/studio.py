"""`vaemusic studio`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import workspace_if_any
from pianoroll_vae.console import print_line


def studio(
    ctx: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Option(help="Where songs are kept.", show_default="studio/ in the workspace, or else a temporary folder"),
    ] = None,
    host: Annotated[
        str, typer.Option(help="The address to listen on; others than this machine need the token in the address.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port to listen on, 0 to 65535.", show_default="a free one")
    ] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open the page in the browser.")] = False,
) -> None:
    """Open a page in the browser to make songs in; Ctrl-C ends it.

    Example: [bold]vaemusic studio --folder my_songs[/]
    """
    from pianoroll_vae.studio.server import Address, run

    def show(address: Address, where: Path) -> None:
        print_line(f"Studio: {address.url}")
        print_line(f"Songs:  {where}")

    run(workspace_if_any(ctx), folder, host, port, not no_browser, show)
