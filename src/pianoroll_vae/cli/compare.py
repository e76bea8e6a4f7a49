"""`vaemusic compare`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import band_named, show_files, watch
from pianoroll_vae.cli.song_options import MIDI_BOUND, BandOption, BarsOption, ForceOption, JsonOption, SalvageOption
from pianoroll_vae.console import Table, show_json, show_rows, show_table, terminal_width


def compare(
    ctx: typer.Context,
    first: Annotated[Path, typer.Argument(help=f"A MIDI file{MIDI_BOUND}, or an .npz file.")],
    second: Annotated[Path, typer.Argument(help="Another one.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Draw both songs into this .png instead.", show_default=False)
    ] = None,
    bars: BarsOption = None,
    band: BandOption = "lpd5",
    salvage: SalvageOption = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show two songs side by side, and how much of each instrument they share.

    Example: [bold]vaemusic compare before.mid after.mid --bars 1-16[/]
    """
    from pianoroll_vae.stages.compare import run

    if output is not None:
        from pianoroll_vae.stages.plot import run as draw

        drawn = draw([first, second], output, band_named(ctx, band), bars, salvage, watch(ctx), force)
        if as_json:
            show_json(drawn.as_dict())
        else:
            show_files(ctx, drawn.pictures)
        return
    report = run(first, second, band_named(ctx, band), terminal_width(), bars, salvage, watch(ctx))
    if as_json:
        show_json(report.as_dict())
        return
    show_rows(report.rows)
    rows = [(p.instrument, *p.notes, None if p.shared is None else f"{p.shared:.0%}") for p in report.parts]
    show_table(
        Table("", ("instrument", f"notes of {report.titles[0]}", f"notes of {report.titles[1]}", "shared cells"), rows)
    )
