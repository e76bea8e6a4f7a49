"""`vaemusic filter`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pianoroll_vae.cli.context import watch, workspace
from pianoroll_vae.cli.song_options import JsonOption, split_names
from pianoroll_vae.console import Table, print_line, show_json, show_table
from pianoroll_vae.errors import counted

FREQUENT_TERMS = 40


def filter_songs(
    ctx: typer.Context,
    genre: Annotated[str | None, typer.Option(metavar="NAMES", help="Genres to choose: blues,rock.")] = None,
    lpd: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="The folder of the Lakh Pianoroll Dataset.", show_default="the last one named"
        ),
    ] = None,
    msd: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The folder of the Million Song Dataset, a source of genres.",
            show_default="the last one named",
        ),
    ] = None,
    genres: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="A file or folder of genre lists, another source of genres.",
            show_default="the last one named",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="Sources of genres to use: lastfm, msd, sqlite …", show_default="the fastest one"
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Choose every song, whatever its genre.")] = False,
    ids: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Only songs whose md5 or track id is in this file.")
    ] = None,
    match: Annotated[
        Literal["equals", "contains"] | None,
        typer.Option(help="Whether a term must equal a genre or contain it.", show_default="equals"),
    ] = None,
    min_weight: Annotated[
        float | None, typer.Option(min=0, max=1, help="Least weight of a matching term, 0 to 1.", show_default="0")
    ] = None,
    exclude: Annotated[str | None, typer.Option(metavar="NAMES", help="Genres to leave out: metal,punk.")] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Draw this many of the songs found, 1 or more.", show_default="all")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed of the draw, 0 or more.", show_default="0")] = None,
    list_terms: Annotated[bool, typer.Option("--list", help="List the genres of the songs and choose none.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Choose the songs to learn from, by genre.

    Example: [bold]vaemusic filter --genre blues,rock --lpd lpd_5_cleansed --msd msd/data[/]
    """
    here = workspace(ctx)
    from pianoroll_vae import config
    from pianoroll_vae.errors import FileUnwritable, SettingInvalid
    from pianoroll_vae.stages import filter as stage

    configured = config.load(here.root)
    named = {"lpd": lpd, "msd": msd, "genres": genres}
    given = {name: str(folder.absolute()) for name, folder in named.items() if folder is not None}
    folders = config.with_flags(configured.folders, **given)
    if folders.lpd is None:
        raise SettingInvalid("The folder of the Lakh Pianoroll Dataset is not known.", "Name it once: --lpd DIR.")
    settings = config.with_flags(
        configured.filter,
        genre=() if everything and genre is None else split_names(genre),
        match=match,
        min_weight=min_weight,
        exclude=split_names(exclude),
        source=split_names(source),
        limit=limit,
        seed=seed,
    )
    request = stage.Request(
        here.root / folders.lpd,
        here.root / folders.msd if folders.msd else None,
        here.root / folders.genres if folders.genres else None,
        ids,
        everything,
    )
    if list_terms:
        report = stage.list_terms(request, settings, watch(ctx))
    else:
        report = stage.run(here, request, settings, watch(ctx))
    if given:
        try:
            config.remember(here.root, "folders", given)
        except FileUnwritable as refusal:  # the selection is written already
            watch(ctx).notice(f"The folders are not remembered. {refusal.message}")
    if as_json:
        show_json(report.as_dict())
        return
    if list_terms:
        more = len(report.terms) - FREQUENT_TERMS
        note = f"{more:,} more; --json shows all" if more > 0 else ""
        show_table(
            Table(f"Genres of {counted(report.songs, 'song')}", ("genre", "songs"), report.terms[:FREQUENT_TERMS], note)
        )
        print_line(f"Genres from: {' and '.join(report.sources)}")
        return
    rows = [("npz files found", report.files), ("songs in them", report.songs), ("kept", report.kept)]
    rows += [(f"left out: {reason}", count) for reason, count in sorted(report.dropped.items())]
    rows += [(f"genre: {name}", count) for name, count in report.genres.items()]
    show_table(Table("", ("", "songs"), rows))
    print_line(f"Genres from: {' and '.join(report.sources) or 'no source, none was needed'}")
    print_line(f"Left out and why: {report.dropped_list}")
