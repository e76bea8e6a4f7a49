"""Finds the sources of genres in the folders that the user has. Knows where each looks; not what is inside."""

from collections.abc import Iterator
from pathlib import Path

from pianoroll_vae.errors import FileUnreadable, SettingInvalid, suggest
from pianoroll_vae.sources import million_song
from pianoroll_vae.sources.genre_labels import IdLists, find_id_lists, open_label_file
from pianoroll_vae.sources.genres import GenreQuery, GenreSource
from pianoroll_vae.sources.msd_database import ARTIST_TERMS, TRACK_METADATA, ArtistTerms, Databases
from pianoroll_vae.sources.msd_summary import SUMMARY, Summary

ADDITIONAL = "AdditionalFiles"
"""Where the Million Song Dataset keeps its databases: beside the folder of song files."""


def find_sources(
    msd: Path | None, genres: Path | None, asked: tuple[str, ...], query: GenreQuery, tracks: int
) -> list[GenreSource]:
    """The sources to use: those asked for by name, else the fastest of those that answer, for so many tracks."""
    there = list(_sources(msd, genres))
    names = [source.name for source in there]
    for name in asked:
        if name not in names:
            raise SettingInvalid(f"There is no source of genres '{name}' in the folders given.", suggest(name, names))
    if asked:
        return [source for source in there if source.name in asked]
    there.sort(key=lambda source: source.seconds(tracks))
    answering = next((source for source in there if source.may_match(query)), None)
    return [answering] if answering else there[:1]


def _sources(msd: Path | None, genres: Path | None) -> Iterator[GenreSource]:
    for folder in (msd, genres):
        if folder is not None and not folder.exists():
            raise FileUnreadable(f"There is no folder {folder}.", "Check the path: --msd DIR, --genres DIR.")
    if genres is not None:
        yield from find_label_sources(genres)
    databases = list(_database_sources(msd, genres))
    yield from databases
    if msd is not None and not (databases and _has_no_song_files(msd)):
        yield million_song.SongFiles(million_song.find_root(msd))


def find_label_sources(genres: Path) -> Iterator[GenreSource]:
    """What a file of labels has, or a folder that holds such files and folders of id lists."""
    if genres.is_file():
        yield open_label_file(genres)
        return
    folders = [genres, *sorted(child for child in genres.iterdir() if child.is_dir())]
    # of lists that are equally fast, those that say most come first
    for folder in sorted(folders, key=lambda folder: -sum(path.stat().st_size for path in find_id_lists(folder))):
        if any(find_id_lists(folder)):
            yield IdLists(folder)
    for folder in folders:
        for path in sorted((*folder.glob("masd_labels*.txt"), *folder.glob("*.cls"))):
            yield open_label_file(path)


def _database_sources(msd: Path | None, genres: Path | None) -> Iterator[GenreSource]:
    terms = _additional(ARTIST_TERMS, msd, genres)
    tracks = _additional(TRACK_METADATA, msd, genres)
    summary = _additional(SUMMARY, msd, genres)
    if terms and tracks:
        yield Databases(ArtistTerms(terms), tracks)
    if terms and summary:
        yield Summary(summary, ArtistTerms(terms))
    if terms and tracks:
        yield Databases(ArtistTerms(terms, "mbtag"), tracks, "mbtags")


def _additional(name: str, msd: Path | None, genres: Path | None) -> Path | None:
    """One of the Million Song Dataset's additional files, wherever the copy has it."""
    folders = [folder for folder in (genres, msd) if folder]
    if msd:
        folders += [msd / ADDITIONAL, msd.parent / ADDITIONAL, msd.parent]
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def _has_no_song_files(msd: Path) -> bool:
    try:
        million_song.find_root(msd)
    except FileUnreadable:
        return True
    return False
