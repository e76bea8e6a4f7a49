"""Reads artists and titles from the Million Song Dataset's unique_tracks.txt, for genre sources without them.

A line is `track id<SEP>song id<SEP>artist<SEP>title`. The file is untrusted and may be long, so it is read by line.
"""

from collections.abc import Collection
from pathlib import Path

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.paths import is_file, list_folder

ADDITIONAL = "AdditionalFiles"
"""The folder of the Million Song Dataset's databases and lists, next to that of its song files."""

PATTERN = "unique_tracks*.txt"
MAX_LINE_BYTES = 4096


def find_track_names(*folders: Path | None) -> Path | None:
    """The first such file in the folders, in their AdditionalFiles or next to them."""
    for folder in folders:
        if folder is not None:
            for place in (folder, folder / ADDITIONAL, folder.parent / ADDITIONAL):
                found = [path for path in list_folder(place, PATTERN) if is_file(path)]
                if found:
                    return found[0]
    return None


def read_track_names(path: Path, track_ids: Collection[str]) -> dict[str, tuple[str, str]]:
    """(artist, title) of the requested tracks that are in the file."""
    requested = frozenset(track_ids)
    names: dict[str, tuple[str, str]] = {}
    try:
        with path.open("rb") as file:
            while len(names) < len(requested) and (
                line := file.readline(MAX_LINE_BYTES)
            ):  # a longer line counts as several
                words = line.rstrip(b"\r\n").split(b"<SEP>", 3)
                if len(words) == 4 and (track_id := words[0].decode("ascii", "replace")) in requested:
                    artist, title = (word.decode("utf-8", "replace") for word in words[2:])
                    names[track_id] = (artist, title)
    except OSError as problem:
        raise FileUnreadable(
            f"Cannot read {path}: {problem.strerror}.", "Check its permissions, or remove it."
        ) from None
    return names
