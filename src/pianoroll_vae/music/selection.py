"""The selection: which songs were chosen, where their files lie, and what is known of them. A line of JSON for each.

A filter over a collection writes one, and so does an import of MIDI files; both are read alike.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pianoroll_vae.errors import ArtifactDamaged, FileUnreadable
from pianoroll_vae.schema import SchemaError, any_float, bounded, build, load_json

FORMAT = "vaemusic selection 1"
MAX_LINE = 1 << 20
"""Characters."""


@dataclass(frozen=True, kw_only=True)
class SongFacts:
    """What is known of a song from elsewhere than its notes."""

    md5: str
    """Names the music: one md5 is one song, whatever ids it has."""

    track_id: str = ""
    other_ids: tuple[str, ...] = ()
    title: str = ""
    artist: str = ""
    year: int = bounded(0, 0, 2**31 - 1)
    """0 where unknown."""

    genres: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SelectedSong(SongFacts):
    """A chosen song: `weights` are those of its genres, 0 to 1."""

    path: str
    weights: tuple[float, ...] = any_float(())


def write_selection(path: Path, songs: Iterable[SelectedSong]) -> None:
    """Write a selection; the same songs give the same bytes. `path` is written in place: give a temporary name."""
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write(json.dumps({"format": FORMAT}) + "\n")
        for song in songs:
            file.write(json.dumps(asdict(song)) + "\n")  # ASCII: a path that is no UTF-8 comes back as it was


def read_selection(path: Path) -> Iterator[SelectedSong]:
    """The songs of a selection, one at a time."""
    try:
        with path.open(encoding="ascii") as file:
            header = _value(path, 1, file.readline(MAX_LINE))
            if not isinstance(header, dict) or header.get("format") != FORMAT:
                raise ArtifactDamaged(f"{path} is not a selection of this version of vaemusic.", _MAKE_AGAIN)
            for number, text in enumerate(iter(lambda: file.readline(MAX_LINE), ""), 2):
                yield _song(path, number, text)
    except UnicodeDecodeError:
        raise ArtifactDamaged(f"{path} is not a selection.", _MAKE_AGAIN) from None
    except OSError as problem:
        raise FileUnreadable(
            f"Cannot read {path}: {problem.strerror}.", "Check the path and its permissions."
        ) from None


_MAKE_AGAIN = "Make it again: vaemusic filter, or vaemusic import."


def _value(path: Path, number: int, text: str) -> Any:
    try:
        if len(text) == MAX_LINE:
            raise ValueError("it is too long")
        return load_json(text)
    except ValueError as reason:
        raise ArtifactDamaged(f"{path} is damaged in line {number}: {reason}.", _MAKE_AGAIN) from None


def _song(path: Path, number: int, text: str) -> SelectedSong:
    try:
        return build(SelectedSong, _value(path, number, text))
    except SchemaError as wrong:
        raise ArtifactDamaged(f"{path} is damaged in line {number}: {wrong}.", _MAKE_AGAIN) from None
