"""Finds the sources of genres in the folders that the user has. Knows where each looks; not what is inside."""

from pathlib import Path

from pianoroll_vae.errors import SettingInvalid, nearest
from pianoroll_vae.sources import million_song
from pianoroll_vae.sources.genres import GenreSource


def find_sources(msd: Path | None, genres: Path | None, asked: tuple[str, ...]) -> list[GenreSource]:
    """The sources to use: those asked for by name, else the fastest one that is there."""
    there: list[GenreSource] = []  # the fastest first
    if msd is not None:
        there.append(million_song.SongFiles(million_song.find_root(msd)))
    names = [source.name for source in there]
    for name in asked:
        if name not in names:
            raise SettingInvalid(f"There is no source of genres '{name}' in the folders given.", nearest(name, names))
    return [source for source in there if source.name in asked] if asked else there[:1]
