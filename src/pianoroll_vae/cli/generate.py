"""`vaemusic generate`."""

from pathlib import Path
from typing import Annotated

import typer

from pianoroll_vae.cli.context import watch, workspace
from pianoroll_vae.console import Table, say, show, show_json


def generate(
    ctx: typer.Context,
    steps: Annotated[
        int | None, typer.Option(min=1, help="How many phrases of 16 beats to write.", show_default="40")
    ] = None,
    noise: Annotated[
        float | None, typer.Option(min=0, help="How far each phrase strays from the expected one.", show_default="1.0")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="A .mid file, or a folder for several.")] = Path(
        "song.mid"
    ),
    primer: Annotated[
        str | None,
        typer.Option(help="What to start from: random, a track id, an md5, a MIDI file.", show_default="random"),
    ] = None,
    only_new: Annotated[bool, typer.Option("--only-new", help="Leave the primer's phrase out of the song.")] = False,
    threshold: Annotated[
        float | None, typer.Option(help="From which strength a cell sounds, 0 to 1.", show_default="the recipe's")
    ] = None,
    tempo: Annotated[float | None, typer.Option(help="Beats a minute.", show_default="the primer's")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many songs, as numbered files in a folder.")] = 1,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The same seed gives the same song.", show_default="drawn")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Write a song with the trained band.

    Example: [bold]vaemusic generate --steps 40 --noise 1.0 -o song.mid[/]
    """
    here = workspace(ctx)
    from pianoroll_vae.config import load, with_flags
    from pianoroll_vae.stages.generate import run

    asked = {"steps": steps, "noise": noise, "primer": primer, "threshold": threshold, "tempo": tempo, "seed": seed}
    settings = with_flags(load(here.root).generate, **asked)
    songs = run(here, settings, output, count, only_new, watch(ctx))
    if as_json:
        show_json([song.as_dict() for song in songs])
        return
    for song in songs:
        rows = [(part.instrument, part.notes, f"{part.bars_played:.0%}", part.pitch_range) for part in song.parts]
        minutes, seconds = divmod(round(song.seconds), 60)
        title = f"{song.path}: {song.bars} bars, {minutes}:{seconds:02} min, seed {song.seed}, from {song.primer}"
        show(Table(title, ("instrument", "notes", "bars played", "range"), rows))
    say(f"Wrote {songs[0].path if count == 1 else f'{count} songs to {output}'}")
