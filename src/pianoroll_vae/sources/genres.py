"""What a source of genres says of a track, and which tracks somebody wants. Knows no source itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

from pianoroll_vae.sources.worker_pool import ReadFailure

Terms = tuple[tuple[str, float], ...]
"""(term, weight from 0 to 1), …; a source without weights says 1."""


@dataclass(frozen=True)
class TrackLabels:
    """What one source knows of a track; title, artist and year may be left out of tracks that nobody wants."""

    terms: Terms
    title: str = ""
    artist: str = ""
    year: int = 0


@dataclass(frozen=True)
class GenreQuery:
    """Which genres are wanted, and which rule a track out. No genres: every track is wanted."""

    genres: tuple[str, ...] = ()
    match: Literal["equals", "contains"] = "equals"
    min_weight: float = 0.0
    exclude: tuple[str, ...] = ()

    def matching_terms(self, terms: Terms) -> Terms:
        """The terms that make a track wanted."""
        return tuple(term for term in terms if term[1] >= self.min_weight and self._is_one_of(term[0], self.genres))

    def is_excluded(self, terms: Terms) -> bool:
        """Whether a term rules the track out, however little it weighs."""
        return any(self._is_one_of(term, self.exclude) for term, _ in terms)

    def matches(self, terms: Terms) -> bool:
        """Whether a track with these terms is wanted."""
        return bool(not self.genres or self.matching_terms(terms)) and not self.is_excluded(terms)

    def matches_any(self, terms: Iterable[str]) -> bool:
        """Whether somebody who uses these terms alone may know a wanted track."""
        return not self.genres or any(self._is_one_of(term, self.genres) for term in terms)

    def _is_one_of(self, term: str, genres: tuple[str, ...]) -> bool:
        term = _fold(term)
        if self.match == "equals":
            return any(term == _fold(genre) for genre in genres)
        return any(_fold(genre) in term for genre in genres)


def normalize_term(term: str) -> str:
    """How a term is shown: without case and outer blanks."""
    return term.strip().casefold()


@lru_cache(maxsize=100_000)
def _fold(term: str) -> str:
    """How terms are compared: 'Hip-Hop', 'hip_hop' and 'hip hop' are one, whichever a source writes."""
    return normalize_term(term).replace("-", " ").replace("_", " ")


class GenreSource(Protocol):
    """Something that knows the genres of tracks."""

    @property
    def name(self) -> str:
        """What to ask for with --source."""

    def describe(self) -> str:
        """Which source this is, for people: what and where."""

    def may_match(self, query: GenreQuery) -> bool:
        """Whether it may know a wanted track: it uses one of the genres, and has weights where they matter."""

    def seconds(self, tracks: int) -> float:
        """About how long it takes for so many tracks."""

    def labels(self, track_ids: Sequence[str], query: GenreQuery) -> Iterator[tuple[str, TrackLabels | ReadFailure]]:
        """What it knows of those of the tracks it knows, in any order.

        Unread where a track's own file is broken; a broken file about many tracks has its path for a track id.
        """


def join_terms(parts: Iterable[Terms]) -> Terms:
    """All terms of several sources or ids, each with its greatest weight, the heaviest first."""
    joined: dict[str, float] = {}
    for terms in parts:
        for term, weight in terms:
            joined[term] = max(weight, joined.get(term, 0.0))
    return tuple(sorted(joined.items(), key=lambda item: (-item[1], item[0])))
