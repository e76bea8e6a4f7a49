"""`vaemusic sample`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import watch
from pianoroll_vae.console import Table, print_line, show_json, show_table


def sample(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; made where it is not there.")],
    songs: Annotated[int, typer.Option(min=1, max=100_000, help="How many songs to compose.")] = 72,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Compose a small practice corpus, to try everything with nothing downloaded.

    Blues, rock, jazz, country and soul by rule, in the formats of the Million Song Dataset (DIR/msd) and the Lakh
    Pianoroll Dataset (DIR/lpd). For practice and tests: what is trained on it has heard only what a few rules can say.

    Example: [bold]vaemusic sample corpus[/]
    """
    from pianoroll_vae.stages.sample import run

    report = run(folder, songs, seed, watch(ctx))
    if as_json:
        show_json(report.as_dict())
        return
    show_table(Table("A practice corpus, composed by rule", ("genre", "songs"), sorted(report.genres.items())))
    missing = ", ".join(f"{count} without {name}" for name, count in sorted(report.absent.items()))
    if report.existed:
        print_line(f"This very corpus is in {folder} already.")
    print_line(f"{report.songs} songs under {report.tracks} track ids, {report.seconds / 3600:.1f} hours, in {folder}")
    if missing:
        print_line(f"Not everyone plays in every song: {missing}.")
    print_line(f"Next: vaemusic filter --genre blues,rock --msd {report.msd} --lpd {report.lpd}")
