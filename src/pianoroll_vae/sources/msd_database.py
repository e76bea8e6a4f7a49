"""Reads genres from the Million Song Dataset's SQLite databases: the artist of a track, the terms of an artist.

The databases are untrusted: they are opened read-only, only tables are queried (a view could compute for ever), and
all SQLite errors become `FileUnreadable`.
"""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.paths import exists, is_file
from pianoroll_vae.sources.genres import GenreQuery, Terms, TrackLabels
from pianoroll_vae.sources.worker_pool import ReadFailure

ARTIST_TERMS, TRACK_METADATA = "artist_term.db", "track_metadata.db"
TIMEOUT_SECONDS = 300.0
MAX_VALUE_BYTES = 1 << 20
MAX_TERM_ROWS = 20_000_000
_INSTRUCTIONS_BETWEEN_CHECKS = 100_000

Vocabulary = Literal["term", "mbtag"]
"""The Echo Nest's terms for artists, or the tags of MusicBrainz's users."""

_TABLES = {"term": ("terms", "artist_term"), "mbtag": ("mbtags", "artist_mbtag")}


@dataclass(frozen=True)
class ArtistTerms:
    """artist_term.db: the terms of each artist, without weights."""

    path: Path
    vocabulary: Vocabulary = "term"

    def all_terms(self) -> list[str]:
        """All terms in the database."""
        table, _ = _TABLES[self.vocabulary]
        with open_database(self.path) as database:
            _require_tables(database, self.path, {table: {self.vocabulary}})
            rows = database.execute(f"SELECT {self.vocabulary} FROM {table} LIMIT ?", (MAX_TERM_ROWS,))
            return [str(term) for (term,) in rows]

    def terms_of(self, artists: Iterable[str]) -> dict[str, Terms]:
        """The terms of those of the artists that have any."""
        _, table = _TABLES[self.vocabulary]
        terms: dict[str, dict[str, float]] = {}
        with open_database(self.path) as database:
            _require_tables(database, self.path, {table: {"artist_id", self.vocabulary}})
            _create_id_table(database, artists)
            rows = database.execute(
                f"SELECT wanted.id, {self.vocabulary} FROM wanted JOIN {table} ON artist_id = wanted.id LIMIT ?",
                (MAX_TERM_ROWS,),
            )
            for artist, term in rows:
                if isinstance(term, str) and term:
                    terms.setdefault(artist, {})[term] = 1.0
        return {artist: tuple(artist_terms.items()) for artist, artist_terms in terms.items()}


@dataclass(frozen=True)
class Databases:
    """artist_term.db and track_metadata.db together."""

    artist_terms: ArtistTerms
    tracks: Path
    name: str = "sqlite"

    def describe(self) -> str:
        what = "MusicBrainz tags" if self.artist_terms.vocabulary == "mbtag" else "artist terms"
        return f"{what} of the Million Song Dataset's databases in {self.tracks.parent}"

    def estimated_seconds(self, tracks: int) -> float:
        return 1.0 + tracks * 2e-5

    def may_match(self, query: GenreQuery) -> bool:
        return not query.min_weight and query.matches_any(self.artist_terms.all_terms())

    def labels(self, track_ids: Sequence[str], query: GenreQuery) -> Iterator[tuple[str, TrackLabels | ReadFailure]]:
        songs = self._songs(track_ids)
        terms = self.artist_terms.terms_of({artist_id for artist_id, *_ in songs.values()})
        for track_id, (artist_id, title, artist, year) in songs.items():
            if artist_id in terms:
                yield track_id, TrackLabels(terms[artist_id], title, artist, year)

    def _songs(self, track_ids: Sequence[str]) -> dict[str, tuple[str, str, str, int]]:
        """(artist id, title, artist, year) of the tracks that are in the database."""
        with open_database(self.tracks) as database:
            columns = ("artist_id", "title", "artist_name", "year")
            _require_tables(database, self.tracks, {"songs": {"track_id", *columns}})
            _create_id_table(database, track_ids)
            # the requested id, since in a damaged table the one found may differ
            selected = ", ".join(columns)
            rows = database.execute(f"SELECT wanted.id, {selected} FROM wanted JOIN songs ON track_id = wanted.id")
            return {
                track: (str(artist_id), str(title or ""), str(artist or ""), _year(year))
                for track, artist_id, title, artist, year in rows
            }


def _year(value: object) -> int:
    return value if isinstance(value, int) and 0 < value < 10_000 else 0


@contextmanager
def open_database(path: Path) -> Iterator[sqlite3.Connection]:
    """The database, read-only; SQLite errors become `FileUnreadable`."""
    if not is_file(path):
        raise FileUnreadable(f"{path} is not a file.", "Check the path and its permissions.")
    journals = (path.with_name(f"{path.name}{suffix}") for suffix in ("-wal", "-journal"))
    # without a journal there is no writer: no lock is needed, and a read-only disk is enough
    immutable = "" if any(exists(journal) for journal in journals) else "&immutable=1"
    deadline = time.monotonic() + TIMEOUT_SECONDS
    database: sqlite3.Connection | None = None
    try:
        database = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro{immutable}", uri=True)
        database.text_factory = lambda text: text.decode("utf-8", "replace")
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)
        database.set_progress_handler(lambda: int(time.monotonic() > deadline), _INSTRUCTIONS_BETWEEN_CHECKS)
        for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "temp_store = MEMORY"):
            database.execute(f"PRAGMA {pragma}")
        yield database
    except (sqlite3.Error, sqlite3.Warning, OverflowError, UnicodeError) as problem:
        raise FileUnreadable(
            f"{path} cannot be read as an SQLite database: {problem}.",
            "Replace it with an undamaged copy, or name another source of genres: --source NAME.",
        ) from problem
    finally:
        if database is not None:
            database.close()


def _require_tables(database: sqlite3.Connection, path: Path, tables: dict[str, set[str]]) -> None:
    for table, columns in tables.items():
        kind = database.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        rows = database.execute(f"PRAGMA table_info({table})") if kind == ("table",) else ()
        found = {str(row[1]) for row in rows}
        if not columns <= found:
            missing = ", ".join(sorted(columns - found))
            raise FileUnreadable(
                f"{path} is not a database of the Million Song Dataset: it has no table {table} with {missing}.",
                f"Look for {ARTIST_TERMS} and {TRACK_METADATA} among the dataset's additional files.",
            )


def _create_id_table(database: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Put the ids into a temporary table `wanted`, so that SQLite can join with any index it has."""
    database.execute("CREATE TEMP TABLE wanted (id TEXT PRIMARY KEY) WITHOUT ROWID")
    database.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", ((one,) for one in ids))
