"""Which files a command may replace: those that vaemusic wrote and that are unchanged since.

Digests of all written files are kept in the user's state folder. So a song can be generated again to the same path, or
a picture drawn anew, while a file from elsewhere, or a chart that was edited by hand, is replaced only with --force. A
song that is replaced is not lost: its seed, which is shown, writes it again.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from pianoroll_vae.errors import FileUnwritable
from pianoroll_vae.paths import exists, is_file
from pianoroll_vae.workspace import fingerprint


def check_replaceable(paths: Iterable[Path], force: bool) -> None:
    """Raise FileUnwritable for a file that exists and is not an unchanged one of ours, unless `force` is given."""
    existing = [] if force else [path for path in paths if is_file(path)]
    ours = _digests() if existing else set()
    for path in existing:
        if fingerprint(path) not in ours:
            raise FileUnwritable(
                f"{path} exists, and is not as vaemusic wrote it.",
                "Name another file with -o, or replace this one: --force.",
            )


def is_ours(path: Path) -> bool:
    """Whether the file is as vaemusic wrote it."""
    return fingerprint(path) in _digests()


def remember_written(path: Path) -> None:
    """Keep the digest of a file that was written; without a place for it the file counts as one from elsewhere."""
    with suppress(OSError):
        _record().parent.mkdir(parents=True, exist_ok=True)
        with _record().open("a", encoding="ascii") as record:
            record.write(fingerprint(path) + "\n")


def unused_path(path: Path) -> Path:
    """The path, or the first of song-2.mid, song-3.mid … that does not exist."""
    number = 1
    free = path
    while exists(free):
        number += 1
        free = path.with_stem(f"{path.stem}-{number}")
    return free


def _record() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "vaemusic" / "written"


def _digests() -> set[str]:
    try:
        return set(_record().read_text(encoding="ascii", errors="replace").split())
    except OSError:
        return set()
