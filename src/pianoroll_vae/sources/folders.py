"""Walks folders that nobody has vouched for: links that lead back, folders that may not be entered, names of any bytes.

Knows nothing of what the files are.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from pianoroll_vae.sources.dropped import UNREADABLE, DroppedFiles


def files_under(root: Path, dropped: DroppedFiles) -> Iterator["os.DirEntry[str]"]:
    """Everything under `root` that is no folder, at any depth, in no particular order; links are followed once.

    What cannot be entered goes into `dropped`.
    """
    waiting, entered = [str(root)], set()
    while waiting:
        folder = waiting.pop()
        try:
            status = Path(folder).stat()
            if (status.st_dev, status.st_ino) in entered:
                continue  # a link led back here
            entered.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                for entry in entries:
                    if _is_folder(entry):
                        waiting.append(entry.path)
                    else:
                        yield entry
        except OSError as problem:
            dropped.add(folder, UNREADABLE, f"cannot be listed: {problem.strerror}")


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself is a file, and one that cannot be read
        return False
