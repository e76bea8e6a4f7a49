"""`vaemusic info`."""

from pianoroll_vae.cli.song_options import JsonOption
from pianoroll_vae.console import Table, show_json, show_table


def info(as_json: JsonOption = False) -> None:
    """Show versions, device, threads and memory, for a bug report.

    Example: [bold]vaemusic info --json[/]
    """
    from pianoroll_vae.stages.info import run

    facts = run()
    if as_json:
        show_json(facts)
    else:
        show_table(Table("", ("what", "value"), list(facts.items())))
