"""The interface of genre sources, the labels they return, and the query that selects tracks by genre."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

from pianoroll_vae.sources.worker_pool import ReadFailure

Terms = tuple[tuple[str, float], ...]
"""(term, weight from 0 to 1), …; the weight is 1 in sources without weights."""


@dataclass(frozen=True)
class TrackLabels:
    """The labels of a track in one source; title, artist and year may be missing if the track does not match."""

    terms: Terms
    title: str = ""
    artist: str = ""
    year: int = 0


@dataclass(frozen=True)
class GenreQuery:
    """The genres to choose and to exclude. Without genres, every track matches."""

    genres: tuple[str, ...] = ()
    match: Literal["equals", "contains"] = "equals"
    min_weight: float = 0.0
    exclude: tuple[str, ...] = ()

    def matching_terms(self, terms: Terms) -> Terms:
        """The terms that match one of the genres."""
        return tuple(term for term in terms if term[1] >= self.min_weight and self._is_one_of(term[0], self.genres))

    def is_excluded(self, terms: Terms) -> bool:
        """Whether a term is excluded, whatever its weight."""
        return any(self._is_one_of(term, self.exclude) for term, _ in terms)

    def matches(self, terms: Terms) -> bool:
        """Whether a track with these terms is chosen."""
        return bool(not self.genres or self.matching_terms(terms)) and not self.is_excluded(terms)

    def matches_any(self, terms: Iterable[str]) -> bool:
        """Whether a source with this vocabulary can have a matching track."""
        return not self.genres or any(self._is_one_of(term, self.genres) for term in terms)

    def _is_one_of(self, term: str, genres: tuple[str, ...]) -> bool:
        term = _fold(term)
        if self.match == "equals":
            return any(term == _fold(genre) for genre in genres)
        return any(_fold(genre) in term for genre in genres)


def normalize_term(term: str) -> str:
    """The term as it is shown: lower case, without outer spaces."""
    return term.strip().casefold()


@lru_cache(maxsize=100_000)
def _fold(term: str) -> str:
    """The term as it is compared: 'Hip-Hop', 'hip_hop' and 'hip hop' are equal."""
    return normalize_term(term).replace("-", " ").replace("_", " ")


class GenreSource(Protocol):
    """A source of the genres of tracks."""

    @property
    def name(self) -> str:
        """Its name for --source."""

    def describe(self) -> str:
        """Its kind and path, for messages."""

    def may_match(self, query: GenreQuery) -> bool:
        """Whether it may have a matching track: it has one of the genres, and weights if the query needs them."""

    def estimated_seconds(self, tracks: int) -> float:
        """About how long it takes for this number of tracks."""

    def labels(self, track_ids: Sequence[str], query: GenreQuery) -> Iterator[tuple[str, TrackLabels | ReadFailure]]:
        """(track id, labels) of the requested tracks that the source has, in any order.

        `ReadFailure` stands for a track whose file is broken; a broken file of many tracks has its path as the id.
        """


def join_terms(parts: Iterable[Terms]) -> Terms:
    """The union of terms, each with its greatest weight, sorted by descending weight."""
    joined: dict[str, float] = {}
    for terms in parts:
        for term, weight in terms:
            joined[term] = max(weight, joined.get(term, 0.0))
    return tuple(sorted(joined.items(), key=lambda item: (-item[1], item[0])))
