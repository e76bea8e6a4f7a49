"""Queries the file system about a path. No other module does: a query can fail, and here it fails with a message.

Missing is an answer. A folder that may not be searched, a name that is too long or a damaged disk are errors:
`FileUnreadable` with the path and the reason.
"""

import os
import stat
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

from pianoroll_vae.errors import FileUnreadable

Query = Callable[[Path], object]


def status(path: Path) -> os.stat_result | None:
    """The status of the file that a path leads to; None where there is none."""
    try:
        return path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as problem:  # ValueError: a zero byte
        raise unreadable(path, problem) from None


def exists(path: Path) -> bool:
    return status(path) is not None


def is_file(path: Path) -> bool:
    """Whether the path leads to a regular file."""
    found = status(path)
    return found is not None and stat.S_ISREG(found.st_mode)


def is_folder(path: Path) -> bool:
    found = status(path)
    return found is not None and stat.S_ISDIR(found.st_mode)


def size_of(path: Path) -> int:
    """The bytes of a file, 0 where there is none."""
    found = status(path)
    return 0 if found is None else found.st_size


def list_folder(folder: Path, pattern: str = "*") -> list[Path]:
    """The entries of a folder whose names match, sorted; none where there is no such folder."""
    try:
        entries = list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (OSError, ValueError) as problem:
        raise unreadable(folder, problem) from None
    return sorted(entry for entry in entries if fnmatch(entry.name, pattern))


def resolve(path: Path) -> Path:
    """The absolute path with links resolved."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as reason:
        raise unreadable(path, reason) from None


def unreadable(path: Path | str, reason: OSError | RuntimeError | ValueError) -> FileUnreadable:
    """The error of a path that cannot be queried, or of a file that cannot be read."""
    if isinstance(reason, RuntimeError):
        why = "its links form a cycle"
    elif isinstance(reason, FileNotFoundError):
        why = "this folder no longer exists" if reason.filename is None else "there is no such file"
    elif isinstance(reason, OSError):
        why = reason.strerror or str(reason)
    else:
        why = "its name is invalid"
    return FileUnreadable(
        f"{path} cannot be read: {why}.", "Check the path, and the permissions of the file and its folders."
    )


def open_without_waiting(path: str, flags: int) -> int:
    """The opener of files that may be named pipes: it does not wait for their writers."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
