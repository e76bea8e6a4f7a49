"""`vaemusic show`."""

import typer

from pianoroll_vae.cli.context import band_named, watch
from pianoroll_vae.cli.song_options import BandOption, BarsOption, JsonOption, SalvageOption, SongArgument
from pianoroll_vae.console import Table, print_line, show_json, show_rows, show_table, terminal_width
from pianoroll_vae.errors import counted


def show(
    ctx: typer.Context,
    song: SongArgument,
    bars: BarsOption = None,
    band: BandOption = "lpd5",
    salvage: SalvageOption = False,
    as_json: JsonOption = False,
) -> None:
    """Draw the piano rolls of a song in the terminal, below its sections and chords.

    Example: [bold]vaemusic show song.mid --bars 1-8[/]
    """
    from pianoroll_vae.music.meter import clock
    from pianoroll_vae.stages.show import run

    report = run(song, band_named(ctx, band), terminal_width(), bars, salvage, watch(ctx))
    if as_json:
        show_json(report.as_dict())
        return
    print_line(f"{report.title}: {counted(report.bars, 'bar')}, {clock(report.seconds)} min, {report.tempo:.0f} BPM")
    print_line()
    show_rows(report.rows)
    rows = [(part.instrument, part.notes, f"{part.bars_played:.0%}", part.pitch_range) for part in report.parts]
    show_table(Table("", ("instrument", "notes", "bars played", "range"), rows))
