"""Writes the Million Song Dataset's databases and summary as it publishes them, for the tracks a test asks for."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

TRACKS = {  # track id → artist id, title, artist, year
    "TRAAAAA128F0000001": ("ARBLUES", "Slow Train", "Ada Ash", 1961),
    "TRAAAAB128F0000002": ("ARROCK", "Fast Car", "Bram Brook", 0),
    "TRAAAAC128F0000003": ("ARBLUES", "Last Train", "Ada Ash", 1964),
    "TRAAAAD128F0000004": ("ARNOBODY", "No Train", "Clara Cole", 1990),
}
TERMS = {"ARBLUES": ("blues", "blues-rock"), "ARROCK": ("rock", "Hip-Hop"), "ARELSE": ("polka",)}
TAGS = {"ARBLUES": ("british",), "ARROCK": ("rock",)}


def artist_term_db(path: Path, terms: Mapping[str, Sequence[str]] = TERMS) -> Path:
    with sqlite3.connect(path) as database:
        database.executescript(
            """
            CREATE TABLE artists (artist_id TEXT PRIMARY KEY);
            CREATE TABLE terms (term TEXT PRIMARY KEY);
            CREATE TABLE artist_term (artist_id TEXT, term TEXT);
            CREATE TABLE mbtags (mbtag TEXT PRIMARY KEY);
            CREATE TABLE artist_mbtag (artist_id TEXT, mbtag TEXT);
            """
        )
        for table, column, words in (("terms", "artist_term", terms), ("mbtags", "artist_mbtag", TAGS)):
            database.executemany(f"INSERT INTO {table} VALUES (?)", sorted({(w,) for ws in words.values() for w in ws}))
            database.executemany(f"INSERT INTO {column} VALUES (?, ?)", [(a, w) for a, ws in words.items() for w in ws])
        database.executemany("INSERT INTO artists VALUES (?)", [(artist,) for artist in terms])
        database.execute("CREATE INDEX idx_artist_id_term ON artist_term (artist_id, term)")
    database.close()
    return path


def track_metadata_db(path: Path, tracks: Mapping[str, tuple[str, str, str, int]] = TRACKS) -> Path:
    with sqlite3.connect(path) as database:
        database.execute(
            "CREATE TABLE songs (track_id text PRIMARY KEY, title text, song_id text, release text, artist_id text,"
            " artist_mbid text, artist_name text, duration real, artist_familiarity real, artist_hotttnesss real,"
            " year int)"
        )
        database.executemany(
            "INSERT INTO songs VALUES (?, ?, 'SO', '', ?, '', ?, 1.0, 0.5, 0.5, ?)",
            [(track, title, artist_id, artist, year) for track, (artist_id, title, artist, year) in tracks.items()],
        )
    database.close()
    return path


def summary_h5(path: Path, tracks: Mapping[str, tuple[str, str, str, int]] = TRACKS) -> Path:
    songs = np.zeros(
        len(tracks), [("artist_id", "S32"), ("artist_name", "S1024"), ("genre", "S1024"), ("title", "S1024")]
    )
    analysis = np.zeros(len(tracks), [("duration", "<f8"), ("track_id", "S32")])
    years = np.zeros(len(tracks), [("idx_artist_mbtags", "<i4"), ("year", "<i4")])
    for row, (track, (artist_id, title, artist, year)) in enumerate(tracks.items()):
        songs[row] = (artist_id.encode(), artist.encode(), b"", title.encode())
        analysis[row] = (1.0, track.encode())
        years[row] = (0, year)
    with h5py.File(path, "w") as file:
        for name, table in (("metadata", songs), ("analysis", analysis), ("musicbrainz", years)):
            file.create_dataset(f"{name}/songs", data=table, chunks=(2,), compression="gzip")
    return path
