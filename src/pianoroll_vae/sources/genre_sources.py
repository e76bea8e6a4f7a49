"""Finds the sources of genres in the folders that the user names, and selects which of them to use."""

from collections.abc import Iterator
from pathlib import Path

from pianoroll_vae.errors import FileUnreadable, SettingInvalid, suggest
from pianoroll_vae.paths import exists, is_file, is_folder, list_folder, size_of
from pianoroll_vae.sources import million_song
from pianoroll_vae.sources.genre_labels import IdLists, find_id_lists, open_label_file
from pianoroll_vae.sources.genres import GenreQuery, GenreSource
from pianoroll_vae.sources.msd_database import ARTIST_TERMS, TRACK_METADATA, ArtistTerms, Databases
from pianoroll_vae.sources.msd_summary import SUMMARY, Summary
from pianoroll_vae.sources.track_names import ADDITIONAL


def find_sources(
    msd: Path | None, genres: Path | None, names: tuple[str, ...], query: GenreQuery, tracks: int
) -> list[GenreSource]:
    """The sources called `names`, or else the fastest one that may match the query, for this number of tracks."""
    found = list(_sources(msd, genres))
    known = [source.name for source in found]
    for name in names:
        if name not in known:
            raise SettingInvalid(f"There is no source of genres '{name}' in the folders given.", suggest(name, known))
    if names:
        return [source for source in found if source.name in names]
    found.sort(key=lambda source: source.estimated_seconds(tracks))
    matching = next((source for source in found if source.may_match(query)), None)
    return [matching] if matching else found[:1]


def _sources(msd: Path | None, genres: Path | None) -> Iterator[GenreSource]:
    for folder in (msd, genres):
        if folder is not None and not exists(folder):
            raise FileUnreadable(f"There is no folder {folder}.", "Check the path: --msd DIR, --genres DIR.")
    if genres is not None:
        yield from find_label_sources(genres)
    databases = list(_database_sources(msd, genres))
    yield from databases
    if msd is not None and not (databases and _has_no_song_files(msd)):
        yield million_song.SongFiles(million_song.find_root(msd))


def find_label_sources(genres: Path) -> Iterator[GenreSource]:
    """The source in a label file, or those in a folder of label files and id lists."""
    if is_file(genres):
        yield open_label_file(genres)
        return
    folders = [genres, *(child for child in list_folder(genres) if is_folder(child))]
    # lists are equally fast: the largest come first
    for folder in sorted(folders, key=lambda folder: -sum(size_of(path) for path in find_id_lists(folder))):
        if any(find_id_lists(folder)):
            yield IdLists(folder)
    for folder in folders:
        for path in sorted((*list_folder(folder, "masd_labels*.txt"), *list_folder(folder, "*.cls"))):
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
    """One of the Million Song Dataset's additional files, in any of the usual places."""
    folders = [folder for folder in (genres, msd) if folder]
    if msd:
        folders += [msd / ADDITIONAL, msd.parent / ADDITIONAL, msd.parent]
    return next((folder / name for folder in folders if is_file(folder / name)), None)


def _has_no_song_files(msd: Path) -> bool:
    try:
        million_song.find_root(msd)
    except FileUnreadable:
        return True
    return False
