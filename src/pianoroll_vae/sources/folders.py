"""Walks a folder tree with link cycles, unreadable folders and arbitrary file names."""

import os
from collections.abc import Iterator
from pathlib import Path

from pianoroll_vae.sources.dropped import UNREADABLE, DroppedFiles


def files_under(root: Path, dropped: DroppedFiles) -> Iterator["os.DirEntry[str]"]:
    """All files under `root`, at any depth and in no particular order; each folder is visited once.

    Folders that cannot be listed are added to `dropped`.
    """
    pending, visited = [str(root)], set()
    while pending:
        folder = pending.pop()
        try:
            status = Path(folder).stat()
            if (status.st_dev, status.st_ino) in visited:
                continue  # a link led here before
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                for entry in entries:
                    if _is_folder(entry):
                        pending.append(entry.path)
                    else:
                        yield entry
        except OSError as problem:
            dropped.add(folder, UNREADABLE, f"cannot be listed: {problem.strerror}")


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself counts as a file, which cannot be read
        return False
