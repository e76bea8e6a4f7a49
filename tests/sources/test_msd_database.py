"""The Million Song Dataset's SQLite databases and its summary give tracks the terms of their artists."""

import sqlite3
from pathlib import Path

import h5py
import pytest

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.sources.genres import GenreQuery, GenreSource, TrackLabels
from pianoroll_vae.sources.msd_database import ArtistTerms, Databases
from pianoroll_vae.sources.msd_summary import Summary
from tests.sources.msd_databases import TRACKS, artist_term_db, summary_h5, track_metadata_db

FIRST, SECOND, THIRD, UNTERMED = TRACKS


@pytest.fixture
def databases(tmp_path: Path) -> Databases:
    terms = ArtistTerms(artist_term_db(tmp_path / "artist_term.db"))
    return Databases(terms, track_metadata_db(tmp_path / "track_metadata.db"))


@pytest.fixture
def summary(tmp_path: Path) -> Summary:
    terms = ArtistTerms(artist_term_db(tmp_path / "terms.db"))
    return Summary(summary_h5(tmp_path / "msd_summary_file.h5"), terms)


def labels_of(source: GenreSource, ids: list[str], query: GenreQuery) -> dict[str, TrackLabels]:
    """What the source knows of some tracks, all of which it can read."""
    found = {}
    for track, labels in source.labels(ids, query):
        assert isinstance(labels, TrackLabels)
        found[track] = labels
    return found


@pytest.mark.parametrize("which", ["databases", "summary"])
def test_a_track_has_its_artists_terms_and_its_own_title(which: str, request: pytest.FixtureRequest) -> None:
    source: GenreSource = request.getfixturevalue(which)
    labels = labels_of(source, [FIRST, SECOND, UNTERMED, "TRZZZZZ128F0000009"], GenreQuery(("blues",)))
    assert labels == {
        FIRST: TrackLabels((("blues", 1.0), ("blues-rock", 1.0)), "Slow Train", "Ada Ash", 1961),
        SECOND: TrackLabels(labels[SECOND].terms, "Fast Car", "Bram Brook", 0),
    }
    assert dict(labels[SECOND].terms) == {"rock": 1.0, "Hip-Hop": 1.0}


def test_musicbrainz_tags_are_a_source_of_their_own(databases: Databases) -> None:
    tags = Databases(ArtistTerms(databases.artist_terms.path, "mbtag"), databases.tracks, "mbtags")
    assert {track: labels.terms for track, labels in labels_of(tags, [FIRST, SECOND], GenreQuery()).items()} == {
        FIRST: (("british", 1.0),),
        SECOND: (("rock", 1.0),),
    }
    assert "MusicBrainz" in tags.describe() and "artist terms" in databases.describe()


@pytest.mark.parametrize("which", ["databases", "summary"])
def test_it_answers_for_terms_it_has_and_not_for_weights(which: str, request: pytest.FixtureRequest) -> None:
    source: GenreSource = request.getfixturevalue(which)
    assert source.may_match(GenreQuery(("polka", "zydeco")))
    assert not source.may_match(GenreQuery(("zydeco",)))
    assert not source.may_match(GenreQuery(("blues",), min_weight=0.1))


def test_ids_of_any_bytes_find_nothing_and_break_nothing(databases: Databases) -> None:
    assert list(databases.labels(["'; DROP TABLE songs; --", "\x00", "TR"], GenreQuery())) == []
    assert len(list(databases.labels([FIRST], GenreQuery()))) == 1


def test_reading_leaves_no_trace_beside_the_database(databases: Databases) -> None:
    before = {path: path.read_bytes() for path in databases.tracks.parent.iterdir()}
    list(databases.labels(list(TRACKS), GenreQuery()))
    assert {path: path.read_bytes() for path in databases.tracks.parent.iterdir()} == before


def test_odd_values_are_passed_over(databases: Databases) -> None:
    with sqlite3.connect(databases.artist_terms.path) as database:
        database.execute("INSERT INTO artist_term VALUES ('ARBLUES', NULL), ('ARBLUES', x'ff00'), ('ARBLUES', 7)")
    database.close()
    with sqlite3.connect(databases.tracks) as database:
        database.execute("UPDATE songs SET year = 'long ago', title = NULL, artist_name = CAST(x'4aff' AS TEXT)")
    database.close()
    labels = dict(databases.labels([FIRST], GenreQuery()))[FIRST]
    assert isinstance(labels, TrackLabels)
    assert {"blues", "blues-rock"} <= {term for term, _ in labels.terms}
    assert (labels.title, labels.artist, labels.year) == ("", "J\ufffd", 0)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "has no table"),
        (b"this is a text file, not a database at all" * 30, "not a database"),
        (None, "is not a file"),
    ],
)
def test_what_is_no_database_is_named_with_a_hint(databases: Databases, content: bytes | None, reason: str) -> None:
    databases.tracks.unlink()
    if content is not None:
        databases.tracks.write_bytes(content)
    with pytest.raises(FileUnreadable, match=reason) as error:
        list(databases.labels([FIRST], GenreQuery()))
    assert str(databases.tracks) in error.value.message
    assert error.value.hint


def test_a_truncated_database_is_one_message(databases: Databases) -> None:
    content = databases.tracks.read_bytes()
    databases.tracks.write_bytes(content[: len(content) // 3])
    with pytest.raises(FileUnreadable, match=r"track_metadata\.db"):
        list(databases.labels([FIRST], GenreQuery()))


def test_a_view_that_would_compute_for_ever_is_not_queried(databases: Databases) -> None:
    with sqlite3.connect(databases.tracks) as database:
        database.execute("DROP TABLE songs")
        database.execute(
            "CREATE VIEW songs AS WITH RECURSIVE n(track_id) AS (SELECT 1 UNION ALL SELECT track_id + 1 FROM n)"
            " SELECT track_id, 1 AS artist_id, 1 AS title, 1 AS artist_name, 1 AS year FROM n"
        )
    database.close()
    with pytest.raises(FileUnreadable, match="has no table songs") as error:
        list(databases.labels([FIRST], GenreQuery()))
    assert "additional files" in error.value.hint


@pytest.mark.usefixtures("forked_workers")
def test_a_summary_of_unequal_tables_is_refused(summary: Summary) -> None:
    with h5py.File(summary.path, "a") as file:
        del file["musicbrainz/songs"]
        file["musicbrainz/songs"] = [1, 2]
    with pytest.raises(FileUnreadable, match="tables of unequal length"):
        list(summary.labels([FIRST], GenreQuery()))


@pytest.mark.usefixtures("forked_workers")
def test_a_summary_that_is_none_is_refused(summary: Summary) -> None:
    content = summary.path.read_bytes()
    for spoilt in (b"text", content[: len(content) // 2]):
        summary.path.write_bytes(spoilt)
        with pytest.raises(FileUnreadable, match="is not a summary") as error:
            list(summary.labels([FIRST], GenreQuery()))
        assert "--source" in error.value.hint
