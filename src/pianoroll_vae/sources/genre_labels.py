"""Reads genres from text files: a list of track ids per genre, or a line of labels per track.

The formats are the Lakh Pianoroll Dataset's id lists (lastfm, amg, tagtraum), its MASD labels, and tagtraum's .cls
files. A list that cannot be read is reported, and only its own genre is missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.paths import list_folder
from pianoroll_vae.sources.genres import GenreQuery, TrackLabels
from pianoroll_vae.sources.lakh_tree import is_track_id
from pianoroll_vae.sources.npz import read_regular_file
from pianoroll_vae.sources.worker_pool import ReadFailure

LIST_PREFIX, LIST_SUFFIX = "id_list_", ".txt"
MAX_LABELS = 64
"""Labels read from one line; further ones are ignored."""

# The 25 styles of the MSD Allmusic Style Dataset; MASD files name a style by its index here.
STYLES = (
    "Big_Band",
    "Blues_Contemporary",
    "Country_Traditional",
    "Dance",
    "Electronica",
    "Experimental",
    "Folk_International",
    "Gospel",
    "Grunge_Emo",
    "Hip_Hop_Rap",
    "Jazz_Classic",
    "Metal_Alternative",
    "Metal_Death",
    "Metal_Heavy",
    "Pop_Contemporary",
    "Pop_Indie",
    "Pop_Latin",
    "Punk",
    "Reggae",
    "RnB_Soul",
    "Rock_Alternative",
    "Rock_College",
    "Rock_Contemporary",
    "Rock_Hard",
    "Rock_Neo_Psychedelia",
)
# The cleansed file has only the ten styles with the most songs, numbered from 0.
CLEANSED_STYLES = tuple(STYLES[number] for number in (2, 3, 11, 14, 15, 16, 20, 21, 22, 23))


@dataclass(frozen=True)
class IdLists:
    """A folder of `id_list_<genre>.txt`, each with one track id per line. Weights are 1."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    def describe(self) -> str:
        return f"id lists in {self.folder}"

    def estimated_seconds(self, tracks: int) -> float:
        return 0.1

    def may_match(self, query: GenreQuery) -> bool:
        return not query.min_weight and query.matches_any(_genre(path) for path in self._lists)

    def labels(self, track_ids: Sequence[str], query: GenreQuery) -> Iterator[tuple[str, TrackLabels | ReadFailure]]:
        requested = frozenset(track_ids)
        terms: dict[str, list[tuple[str, float]]] = {}
        for path in self._lists:
            try:
                words = read_regular_file(path).decode("ascii", "replace").split()
            except FileUnreadable as error:
                yield str(path), ReadFailure(error.message)
                continue
            if words and not any(map(is_track_id, words)):
                yield str(path), ReadFailure("contains no track id")
            for track_id in sorted(requested.intersection(words)):
                terms.setdefault(track_id, []).append((_genre(path), 1.0))
        for track_id, track_terms in terms.items():
            yield track_id, TrackLabels(tuple(track_terms))

    @cached_property
    def _lists(self) -> tuple[Path, ...]:
        return tuple(find_id_lists(self.folder))


def find_id_lists(folder: Path) -> list[Path]:
    """The id lists in a folder."""
    return list_folder(folder, f"{LIST_PREFIX}*{LIST_SUFFIX}")


def _genre(path: Path) -> str:
    return path.name[len(LIST_PREFIX) : -len(LIST_SUFFIX)]


@dataclass(frozen=True)
class LabelFile:
    """A file with one line per track: id, then labels; a number is an index into `styles`. Weights are 1."""

    path: Path
    name: str
    styles: tuple[str, ...] = ()

    def describe(self) -> str:
        return f"labels in {self.path}"

    def estimated_seconds(self, tracks: int) -> float:
        return 0.5

    def may_match(self, query: GenreQuery) -> bool:
        return not query.min_weight and query.matches_any(genre for labels in self._labels.values() for genre in labels)

    def labels(self, track_ids: Sequence[str], query: GenreQuery) -> Iterator[tuple[str, TrackLabels | ReadFailure]]:
        for track_id in track_ids:
            if track_id in self._labels:
                yield track_id, TrackLabels(tuple((genre, 1.0) for genre in self._labels[track_id]))

    @cached_property
    def _labels(self) -> dict[str, tuple[str, ...]]:
        """The labels of every track in the file; other lines are skipped."""
        labels: dict[str, tuple[str, ...]] = {}
        for line in read_regular_file(self.path).decode("utf-8", "replace").splitlines():
            track_id, *words = line.split(None, MAX_LABELS)[: MAX_LABELS + 1] or [""]
            if is_track_id(track_id) and words:
                genres = (self._style(word) for word in words)
                labels[track_id] = tuple(dict.fromkeys(genre for genre in genres if genre))
        if not labels:
            raise FileUnreadable(
                f"{self.path} contains no labels of tracks.",
                "Each line must be a track id and its genres; or name another file: --genres FILE.",
            )
        return labels

    def _style(self, word: str) -> str:
        if not self.styles:
            return word
        number = int(word) if word.isascii() and word.isdigit() and len(word) < 4 else -1
        return self.styles[number] if 0 <= number < len(self.styles) else ""


def open_label_file(path: Path) -> LabelFile:
    """The label file, whose format follows from its name."""
    if path.name == "masd_labels.txt":
        return LabelFile(path, "masd", STYLES)
    if path.name == "masd_labels_cleansed.txt":
        return LabelFile(path, "masd-cleansed", CLEANSED_STYLES)
    return LabelFile(path, path.stem)
