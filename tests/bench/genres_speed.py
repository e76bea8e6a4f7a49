"""How fast each source of genres answers for the Lakh Pianoroll Dataset's tracks.

    python -m tests.bench.genres_speed [--labels genre_labels] [--songs 1000000]

Databases and summary of the Million Song Dataset's size and shape are written for the purpose (a minute, 0.5 GB).
Each source is asked twice: for the track ids of LPD-5-cleansed, and for those of the whole dataset.
"""

import argparse
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np

from pianoroll_vae.console import Table, show_table
from pianoroll_vae.sources.genre_sources import find_label_sources, find_sources
from pianoroll_vae.sources.genres import GenreQuery, GenreSource
from pianoroll_vae.sources.msd_database import ARTIST_TERMS, TRACK_METADATA
from pianoroll_vae.sources.msd_summary import SUMMARY
from tests.sources.msd_databases import artist_term_db, track_metadata_db

ARTISTS, TERMS, TERMS_OF_AN_ARTIST = 44_745, 7_643, 25
LPD_TRACKS = {"LPD-5-cleansed": 21_425, "all of LPD": 174_154}
WANTED = GenreQuery(("term 3", "blues", "rock"))


def track_id(number: int) -> str:
    letters = "".join(chr(ord("A") + number // 26**place % 26) for place in range(5))
    return f"TR{letters}128F{number:07X}"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--labels", type=Path, default=os.environ.get("LABELS"))
    arguments.add_argument("--songs", type=int, default=1_000_000)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"Writing databases of {asked.songs:,} songs …")
        write(folder, asked.songs)
        sources = find_sources(folder, None, ("sqlite", "mbtags", "summary"), WANTED, 0)
        if asked.labels:
            sources += find_label_sources(Path(asked.labels))
        rows = [row for source in sources for row in timed(source, asked.songs)]
    columns = ("source", "tracks of", "ids", "known", "seconds")
    show_table(Table(f"Genres from {asked.songs:,} songs", columns, rows))


def timed(source: GenreSource, songs: int) -> Iterator[tuple[str, str, int, int, float]]:
    rng = random.Random(0)
    for whose, count in LPD_TRACKS.items():
        ids = [track_id(number) for number in sorted(rng.sample(range(songs), min(count, songs)))]
        began = time.perf_counter()
        source.may_match(WANTED)
        known = sum(1 for _ in source.labels(ids, WANTED))
        yield source.name, whose, len(ids), known, time.perf_counter() - began


def write(folder: Path, songs: int) -> None:
    """The databases with a million songs, their artists and indices; the summary with rows as wide as they are."""
    rng = random.Random(0)
    artists = [f"AR{number:016X}" for number in range(ARTISTS)]
    words = [f"term {number}" for number in range(TERMS)]
    terms = {artist: rng.sample(words, k=TERMS_OF_AN_ARTIST) for artist in artists}
    artist_term_db(folder / ARTIST_TERMS, terms)
    track_metadata_db(folder / TRACK_METADATA, {})
    with sqlite3.connect(folder / TRACK_METADATA) as database:
        database.executemany(
            "INSERT INTO songs VALUES (?, ?, ?, 'a release', ?, '', ?, 200.0, 0.5, 0.5, 1970)",
            (
                (track_id(n), f"Title {n}", f"SO{n:016X}", artists[n % ARTISTS], f"Artist {n % ARTISTS}")
                for n in range(songs)
            ),
        )
        database.execute("CREATE INDEX idx_artist_id ON songs (artist_id)")
    database.close()
    write_summary(folder / SUMMARY, songs, artists)


def write_summary(path: Path, songs: int, artists: list[str]) -> None:
    wide = [("artist_id", "S32"), ("artist_location", "S1024"), ("artist_name", "S1024"), ("genre", "S1024")]
    tables = {
        "metadata": np.dtype([*wide, ("release", "S1024"), ("title", "S1024")]),
        "analysis": np.dtype([("audio_md5", "S32"), ("numbers", "<f8", 26), ("track_id", "S32")]),
        "musicbrainz": np.dtype([("idx_artist_mbtags", "<i4"), ("year", "<i4")]),
    }
    with h5py.File(path, "w") as file:
        stored = {
            name: file.create_dataset(
                f"{name}/songs", (songs,), kind, chunks=(max(1, 65536 // kind.itemsize),), compression="gzip"
            )
            for name, kind in tables.items()
        }
        for start in range(0, songs, 8192):
            numbers = range(start, min(start + 8192, songs))
            rows = {name: np.zeros(len(numbers), kind) for name, kind in tables.items()}
            rows["metadata"]["artist_id"] = [artists[number % ARTISTS] for number in numbers]
            rows["metadata"]["title"] = [f"Title {number}" for number in numbers]
            rows["metadata"]["artist_name"] = [f"Artist {number % ARTISTS}" for number in numbers]
            rows["analysis"]["track_id"] = [track_id(number) for number in numbers]
            rows["musicbrainz"]["year"] = 1970
            for name, block in rows.items():
                stored[name][start : start + len(numbers)] = block


if __name__ == "__main__":
    main()
