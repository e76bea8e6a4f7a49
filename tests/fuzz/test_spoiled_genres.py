"""Genre files that went bad: hundreds of each kind end in terms or in one message, in bounded time and memory."""

import random
import resource
import time
from collections.abc import Callable
from pathlib import Path

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.sources.genre_labels import IdLists, open_label_file
from pianoroll_vae.sources.genres import GenreQuery, GenreSource
from pianoroll_vae.sources.msd_database import ArtistTerms, Databases
from pianoroll_vae.sources.msd_summary import read_summary
from pianoroll_vae.sources.worker_pool import ReadFailure
from tests.fuzz.spoiling import spoiled
from tests.sources.msd_databases import artist_term_db, summary_h5, track_metadata_db

FILES = 400
SONGS = 100
"""In each file: enough for SQLite to need several pages, and few, so that a file is read in a millisecond."""
SECONDS = 10
MOST_KILOBYTES = 256 << 10

ARTISTS = {f"AR{number:04}": [f"term {number % 37}", f"term {number % 5}"] for number in range(SONGS)}
TRACKS = {
    f"TRAAAAA128F{number:07X}": (f"AR{number:04}", f"Title {number}", f"Artist {number}", 1950 + number % 60)
    for number in range(SONGS)
}
WANTED = GenreQuery(("term 3",))


def survive(path: Path, read: Callable[[], object]) -> None:
    """Spoil the file again and again; each time `read` must come back with an answer or one clear refusal."""
    rng, whole = random.Random(path.name), path.read_bytes()
    answered = refused = 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.monotonic()
    for _ in range(FILES):
        path.write_bytes(spoiled(whole, rng))
        try:
            read()
            answered += 1
        except FileUnreadable as error:
            assert error.message and error.hint
            refused += 1
        if time.monotonic() - began > SECONDS:
            break
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert answered + refused > 200, "reading takes too long"
    assert grown < MOST_KILOBYTES
    path.write_bytes(whole)
    read()


def ask(source: GenreSource) -> None:
    source.may_match(WANTED)
    for track_id, labels in source.labels(list(TRACKS), WANTED):
        assert isinstance(labels, ReadFailure) or track_id in TRACKS


def test_spoiled_track_databases(tmp_path: Path) -> None:
    terms = ArtistTerms(artist_term_db(tmp_path / "artist_term.db", ARTISTS))
    tracks = track_metadata_db(tmp_path / "track_metadata.db", TRACKS)
    survive(tracks, lambda: ask(Databases(terms, tracks)))


def test_spoiled_term_databases(tmp_path: Path) -> None:
    terms = artist_term_db(tmp_path / "artist_term.db", ARTISTS)
    tracks = track_metadata_db(tmp_path / "track_metadata.db", TRACKS)
    survive(terms, lambda: ask(Databases(ArtistTerms(terms), tracks)))


def test_spoiled_cls_files(tmp_path: Path) -> None:
    path = tmp_path / "genres.cls"
    path.write_text("# comment\n" + "".join(f"{track}\tPop_Rock\tJazz\n" for track in TRACKS))
    survive(path, lambda: ask(open_label_file(path)))


def test_spoiled_style_numbers(tmp_path: Path) -> None:
    path = tmp_path / "masd_labels.txt"
    path.write_text("".join(f"{track}    {number % 25}\n" for number, track in enumerate(TRACKS)))
    survive(path, lambda: ask(open_label_file(path)))


def test_spoiled_id_lists(tmp_path: Path) -> None:
    path = tmp_path / "id_list_blues.txt"
    path.write_text("".join(f"{track}\n" for track in TRACKS))
    survive(path, lambda: ask(IdLists(tmp_path)))


def test_spoiled_summaries(tmp_path: Path) -> None:
    path = summary_h5(tmp_path / "msd_summary_file.h5", dict(list(TRACKS.items())[:20]))
    survive(path, lambda: read_summary(path, frozenset(TRACKS)))
