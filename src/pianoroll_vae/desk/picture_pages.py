"""Writes a picture of several pages as song.png, song-page-2.png, …"""

import re
from collections.abc import Sequence
from pathlib import Path

from pianoroll_vae.atomic_files import write_bytes
from pianoroll_vae.desk.overwriting import is_ours, remember_written
from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.paths import list_folder


def later_pages(picture: Path) -> list[Path]:
    """The pages after the first one that exist."""
    name = re.compile(re.escape(f"{picture.stem}-page-") + r"[1-9]\d*" + re.escape(picture.suffix))
    try:
        return [path for path in list_folder(picture.parent) if name.fullmatch(path.name)]
    except FileUnreadable:  # of a folder that may be written to, but not listed
        return []


def page_paths(picture: Path, count: int) -> tuple[Path, ...]:
    """The files of a picture of so many pages."""
    return picture, *(picture.with_stem(f"{picture.stem}-page-{number}") for number in range(2, count + 1))


def write_pages(picture: Path, pages: Sequence[bytes]) -> tuple[Path, ...]:
    """Write all pages, and remove those of an earlier and longer picture that vaemusic wrote."""
    paths = page_paths(picture, len(pages))
    outdated = [path for path in later_pages(picture) if path not in paths and is_ours(path)]
    for path, page in zip(paths, pages, strict=True):
        write_bytes(path, page)
        remember_written(path)
    for path in outdated:
        path.unlink(missing_ok=True)
    return paths
