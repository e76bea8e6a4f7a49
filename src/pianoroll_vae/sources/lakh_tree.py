"""Lists the songs of a Lakh Pianoroll Dataset folder without opening them: md5 and track id are in their paths.

The published layouts are `…/TRAAAGR128F425B14B/<md5>.npz` and, in the full dataset, `<md5>.npz`. In any other folder
of npz files the md5 is that of the file.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.paths import is_file, is_folder
from pianoroll_vae.sources.dropped import UNREADABLE, DroppedFiles
from pianoroll_vae.sources.folders import files_under
from pianoroll_vae.sources.npz import read_regular_file

ID_LISTS = ("cleansed_ids.txt", "matched_ids.txt")
"""The authors' lists of the track ids of each md5; in the dataset's folder or next to it."""
_MD5 = re.compile(r"[0-9a-f]{32}\Z")
_TRACK_ID = re.compile(r"TR[A-Z]{5}[0-9A-F]{11}\Z")


def is_track_id(text: str) -> bool:
    """Whether this is an id of the Million Song Dataset, like TRAAAGR128F425B14B."""
    return _TRACK_ID.match(text) is not None


@dataclass(frozen=True)
class LakhFile:
    """A file with the md5 and the track id of its path; the track id is empty if the path has none."""

    path: str
    md5: str
    track_id: str = ""


def list_lakh(root: Path, dropped: DroppedFiles) -> Iterator[LakhFile]:
    """Every npz file under `root`, in no particular order; all others are added to `dropped`."""
    if not is_folder(root):
        raise FileUnreadable(f"{root} is not a folder.", "Name the folder of the Lakh Pianoroll Dataset: --lpd DIR.")
    for entry in files_under(root, dropped):
        if entry.name.endswith(".npz"):
            if (file := _lakh_file(entry.path, entry.name, dropped)) is not None:
                yield file
        elif not entry.name.startswith("."):
            dropped.add(entry.path, "not an npz file")


def read_ids(path: Path) -> dict[str, set[str]]:
    """The track ids of each md5 in a list; a line has an md5, a track id, or both, in either order.

    Track ids without an md5 are under the empty md5.
    """
    ids: dict[str, set[str]] = {}
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                words = line[:1000].split()
                md5s = [word for word in words if _MD5.match(word)]
                tracks = [word for word in words if is_track_id(word)]
                if md5s or tracks:
                    ids.setdefault(md5s[0] if md5s else "", set()).update(tracks)
    except OSError as problem:
        raise FileUnreadable(f"Cannot read {path}: {problem.strerror}.", "Name a file of ids: --ids FILE.") from None
    return ids


def read_published_ids(root: Path) -> dict[str, set[str]]:
    """The authors' list of ids in the folder or next to it, or else an empty dictionary."""
    for folder in (root, root.parent):
        for name in ID_LISTS:
            if is_file(folder / name):
                return read_ids(folder / name)
    return {}


def _lakh_file(path: str, name: str, dropped: DroppedFiles) -> LakhFile | None:
    stem = name.removesuffix(".npz")
    track_id = next((word for word in (Path(path).parent.name, stem) if is_track_id(word)), "")
    if _MD5.match(stem):
        return LakhFile(path, stem, track_id)
    try:  # without an md5 in its name, the file is identified by its content
        return LakhFile(path, hashlib.md5(read_regular_file(Path(path)), usedforsecurity=False).hexdigest(), track_id)
    except FileUnreadable as error:
        dropped.add(path, UNREADABLE, error.message)
        return None
