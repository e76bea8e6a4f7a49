"""`filter` selects the songs of the given genres, each once, and lists the dropped files."""

import csv
import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pianoroll_vae.config import FilterSettings
from pianoroll_vae.errors import FileUnreadable, NothingFound, SettingInvalid, WorkspaceBusy
from pianoroll_vae.music.selection import SelectedSong, read_selection
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.sources.million_song import song_file
from pianoroll_vae.stages import filter as stage
from pianoroll_vae.stages.filter import FilterReport, Request, list_terms, run
from pianoroll_vae.workspace import SELECTION, Workspace
from tests.conftest import Vaemusic
from tests.lakh_corpus import BLUES, BOTH, IDS, JAZZ, MD5S, ROCK, SECOND_ID, UNKNOWN, Corpus, make_lakh_corpus
from tests.sources import lakh_files
from tests.sources.msd_databases import TRACKS, artist_term_db, track_metadata_db

pytestmark = pytest.mark.usefixtures("forked_workers")


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    return make_lakh_corpus(tmp_path, steps=30)


def choose(corpus: Corpus, *genres: str, **more: Any) -> tuple[FilterReport, list[SelectedSong]]:
    where: dict[str, Any] = {name: more.pop(name) for name in ("ids", "everything", "msd") if name in more}
    request = Request(corpus.lpd, **({"msd": corpus.msd} | where))
    report = run(corpus.workspace, request, FilterSettings(genre=genres, **more), SilentWatch())
    return report, list(read_selection(corpus.workspace.path(SELECTION)))


def numbers(songs: list[SelectedSong]) -> list[int]:
    return [MD5S.index(song.md5) for song in songs]


def test_a_term_must_equal_a_wanted_genre(corpus: Corpus) -> None:
    report, songs = choose(corpus, "blues", "rock")
    assert numbers(songs) == [BLUES, ROCK, BOTH]
    assert (report.files, report.songs, report.kept) == (6, 5, 3)
    assert report.dropped == {"another genre": 1, "no genre known": 1}
    assert numbers(choose(corpus, "jazz")[1]) == [JAZZ]


def test_a_song_is_kept_once_with_what_is_known_of_it(corpus: Corpus) -> None:
    blues = choose(corpus, "blues")[1][0]
    assert (blues.track_id, blues.other_ids) == (IDS[BLUES], (SECOND_ID,))
    assert (blues.title, blues.artist, blues.year) == ("Stones", "Robert", 1936)
    assert (blues.genres, blues.weights) == (("blues",), (1.0,))
    assert Path(blues.path).parent.name == IDS[BLUES]


def test_contains_looks_inside_terms(corpus: Corpus) -> None:
    with pytest.raises(NothingFound):
        choose(corpus, "indie")
    assert numbers(choose(corpus, "INDIE", match="contains")[1]) == [ROCK]


def test_terms_that_weigh_too_little_do_not_count(corpus: Corpus) -> None:
    assert numbers(choose(corpus, "rock", min_weight=0.5)[1]) == [BOTH]


def test_an_excluded_genre_rules_a_song_out(corpus: Corpus) -> None:
    report, songs = choose(corpus, "blues", "rock", exclude=("pop",))
    assert numbers(songs) == [BLUES, ROCK]
    assert report.dropped["excluded genre"] == 1


def test_all_takes_every_song_and_needs_no_other_collection(corpus: Corpus) -> None:
    report, songs = choose(corpus, everything=True, msd=None)
    assert numbers(songs) == [0, 1, 2, 3, 4]
    assert report.sources == ()


def test_a_draw_is_repeatable_and_a_larger_one_only_adds(corpus: Corpus) -> None:
    draws = [set(numbers(choose(corpus, everything=True, limit=limit, seed=3)[1])) for limit in (1, 2, 4, 9)]
    assert [len(draw) for draw in draws] == [1, 2, 4, 5]
    assert draws[0] < draws[1] < draws[2] < draws[3]
    others = {tuple(numbers(choose(corpus, everything=True, limit=2, seed=seed)[1])) for seed in range(8)}
    assert len(others) > 1
    assert choose(corpus, everything=True, limit=2)[0].dropped == {"not drawn": 3}


def test_ids_restrict_to_md5s_and_tracks(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "ids").write_text(f"{IDS[JAZZ]}\n{MD5S[UNKNOWN]}\n{SECOND_ID}\n")
    assert numbers(choose(corpus, ids=tmp_path / "ids")[1]) == [BLUES, JAZZ, UNKNOWN]
    assert numbers(choose(corpus, "jazz", ids=tmp_path / "ids")[1]) == [JAZZ]


def test_a_flat_folder_with_the_authors_list_of_ids_has_genres(corpus: Corpus, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for md5, track_id in zip(MD5S, IDS, strict=True):
        shutil.copy(next(corpus.lpd.rglob(f"{md5}.npz")), flat)
        with (flat / "matched_ids.txt").open("a") as ids:
            ids.write(f"{md5}    {track_id}\n")
    report, songs = choose(Corpus(corpus.workspace, flat, corpus.msd), "blues")
    assert numbers(songs) == [BLUES, BOTH]
    assert [song.track_id for song in songs] == [IDS[BLUES], IDS[BOTH]]
    assert "not an npz file" in report.dropped


def test_broken_song_files_are_listed_with_their_reason(corpus: Corpus) -> None:
    song_file(corpus.msd, IDS[ROCK]).write_bytes(b"no HDF5 at all")
    with h5py.File(song_file(corpus.msd, IDS[BOTH]), "r+") as file:
        del file["metadata"]
    report, songs = choose(corpus, "blues", "rock")
    assert numbers(songs) == [BLUES]
    assert report.dropped["unreadable"] == 2
    assert report.dropped_list is not None
    with report.dropped_list.open() as lines:
        rows = list(csv.DictReader(lines))
    assert [row["reason"] for row in rows[:2]] == ["unreadable", "unreadable"]
    assert "not a song file" in rows[0]["detail"]
    assert len(rows) == sum(report.dropped.values())


def test_only_broken_song_files_are_an_error(corpus: Corpus) -> None:
    for path in corpus.msd.rglob("*.h5"):
        path.write_bytes(b"")
    with pytest.raises(FileUnreadable, match="None of the 4 files") as error:
        choose(corpus, "blues")
    assert error.value.hint
    assert not corpus.workspace.path(SELECTION).exists()


def test_a_genre_that_no_song_has_is_an_error_that_lists_frequent_ones(corpus: Corpus) -> None:
    with pytest.raises(NothingFound, match="zydeco") as error:
        choose(corpus, "zydeco")
    assert "blues (2)" in error.value.hint
    assert "rock (2)" in error.value.hint


def test_a_mistyped_genre_is_an_error_that_names_the_close_one(corpus: Corpus) -> None:
    with pytest.raises(NothingFound, match="blus") as error:
        choose(corpus, "blus")
    assert error.value.hint.startswith("Did you mean 'blues'?")


def test_the_report_counts_the_songs_of_each_wanted_genre_and_says_which_has_none(corpus: Corpus) -> None:
    watch, request = SilentWatch(), Request(corpus.lpd, corpus.msd)
    report = run(corpus.workspace, request, FilterSettings(genre=("Blues", "rokc", "rock")), watch)
    assert report.as_dict()["genres"] == {"blues": 2, "rokc": 0, "rock": 2}
    assert report.kept == 3, "one song is both"
    assert watch.notices == ["No song is rokc. Did you mean 'rock'?"]


def test_collections_that_share_no_song_are_an_error(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "other" / "A").mkdir(parents=True)
    with pytest.raises(NothingFound, match="has none of their tracks"):
        choose(corpus, "blues", msd=tmp_path / "other")


def test_an_empty_folder_is_an_error(corpus: Corpus, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NothingFound, match="no npz file"):
        choose(Corpus(corpus.workspace, tmp_path / "empty", corpus.msd), "blues")
    with pytest.raises(FileUnreadable, match="not the Million Song Dataset"):
        choose(corpus, "blues", msd=tmp_path / "empty")


@pytest.mark.parametrize(
    ("genres", "more", "says"),
    [
        ((), {}, "No genre is given"),
        (("rock",), {"everything": True}, "exclude each other"),
        (("rock",), {"msd": None}, "There is no source of genres"),
        (("rock",), {"limit": 0}, "limit is 0; it must be 1 or more"),
        (("rock",), {"source": ("mds",)}, "no source of genres 'mds'"),
    ],
)
def test_requests_that_cannot_be_are_errors(
    corpus: Corpus, genres: tuple[str, ...], more: dict[str, Any], says: str
) -> None:
    with pytest.raises(SettingInvalid, match=says) as error:
        choose(corpus, *genres, **more)
    assert error.value.hint


def test_terms_are_listed_with_the_songs_that_have_them(corpus: Corpus) -> None:
    report = list_terms(Request(corpus.lpd, corpus.msd), FilterSettings(), SilentWatch())
    assert report.terms[:2] == (("blues", 2), ("rock", 2))
    assert ("jazz", 1) in report.terms
    assert not corpus.workspace.path(SELECTION).exists()


def test_the_same_request_gives_the_same_bytes(corpus: Corpus) -> None:
    first = (choose(corpus, "blues", "rock"), corpus.workspace.path(SELECTION).read_bytes())[1]
    assert (choose(corpus, "blues", "rock"), corpus.workspace.path(SELECTION).read_bytes())[1] == first


def test_a_second_run_in_the_workspace_is_refused(corpus: Corpus) -> None:
    with corpus.workspace.lock(), pytest.raises(WorkspaceBusy):
        choose(corpus, "blues")


BLUES_1, ROCK_2, BLUES_3, UNTERMED = TRACKS


@pytest.fixture
def request_of_four(tmp_path: Path) -> stage.Request:
    """Four songs; the databases know the artists of three, a list of jazz has the fourth."""
    for number, track_id in enumerate(TRACKS):
        roll = np.zeros((48, 128), np.uint8)
        roll[:24, 60 + number] = 100
        lakh_files.song_file(tmp_path / "lpd", track_id, f"{number:032x}", {"Piano": roll})
    (tmp_path / "msd").mkdir()
    artist_term_db(tmp_path / "msd" / "artist_term.db")
    track_metadata_db(tmp_path / "msd" / "track_metadata.db")
    (tmp_path / "labels" / "lastfm").mkdir(parents=True)
    (tmp_path / "labels" / "lastfm" / "id_list_jazz.txt").write_text(f"{UNTERMED}\n")
    (tmp_path / "labels" / "lastfm" / "id_list_blues.txt").write_text(f"{ROCK_2}\n")
    return stage.Request(tmp_path / "lpd", tmp_path / "msd", tmp_path / "labels")


@pytest.fixture
def project(tmp_path: Path) -> Workspace:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "vaemusic.toml").write_text("")
    return Workspace(tmp_path / "project")


def chosen(project: Workspace) -> dict[str, SelectedSong]:
    return {song.track_id: song for song in read_selection(project.path(SELECTION))}


def test_the_databases_give_genres_and_titles(project: Workspace, request_of_four: stage.Request) -> None:
    report = stage.run(project, request_of_four, FilterSettings(genre=("blues-rock",)), SilentWatch())
    assert [source for source in report.sources if "databases" in source] == list(report.sources)
    songs = chosen(project)
    assert set(songs) == {BLUES_1, BLUES_3}
    assert (songs[BLUES_1].title, songs[BLUES_1].artist, songs[BLUES_1].year) == ("Slow Train", "Ada Ash", 1961)
    assert report.dropped == {"another genre": 1, "no genre known": 1}


def test_the_fastest_source_that_knows_the_genre_is_used_and_named(
    project: Workspace, request_of_four: stage.Request
) -> None:
    report = stage.run(project, request_of_four, FilterSettings(genre=("jazz",)), SilentWatch())
    assert report.sources == (f"id lists in {request_of_four.genres}/lastfm",)
    assert set(chosen(project)) == {UNTERMED}


def test_lists_without_titles_get_them_from_the_list_of_tracks(
    project: Workspace, request_of_four: stage.Request
) -> None:
    assert request_of_four.genres is not None
    (request_of_four.genres / "unique_tracks.txt").write_text(f"{UNTERMED}<SEP>SOX<SEP>Clara Cole<SEP>No Train\n")
    stage.run(project, request_of_four, FilterSettings(genre=("jazz",)), SilentWatch())
    assert (chosen(project)[UNTERMED].artist, chosen(project)[UNTERMED].title) == ("Clara Cole", "No Train")


def test_several_sources_can_be_combined(project: Workspace, request_of_four: stage.Request) -> None:
    settings = FilterSettings(genre=("blues", "jazz"), source=("lastfm", "sqlite"))
    report = stage.run(project, request_of_four, settings, SilentWatch())
    assert len(report.sources) == 2
    songs = chosen(project)
    assert set(songs) == set(TRACKS)
    assert songs[ROCK_2].genres == ("blues",) and songs[ROCK_2].title == "Fast Car", "the list knows no titles"


def test_a_broken_list_is_reported_and_the_others_are_used(project: Workspace, request_of_four: stage.Request) -> None:
    assert request_of_four.genres is not None
    (request_of_four.genres / "lastfm" / "id_list_page.txt").write_text("<html>not found</html>")
    report = stage.run(project, request_of_four, FilterSettings(genre=("jazz",)), SilentWatch())
    assert report.dropped["unreadable"] == 1
    assert (
        report.dropped_list is not None and "id_list_page.txt,contains no track id" in report.dropped_list.read_text()
    )


def test_a_genre_that_no_song_has_shows_the_most_frequent(project: Workspace, request_of_four: stage.Request) -> None:
    with pytest.raises(NothingFound) as error:
        stage.run(project, request_of_four, FilterSettings(genre=("polka-dot",), source=("sqlite",)), SilentWatch())
    assert "polka-dot" in error.value.message
    assert "blues (2)" in error.value.hint
    assert not project.path(SELECTION).exists()


def test_the_command_names_the_source_of_the_genres(
    vaemusic: Vaemusic, project: Workspace, request_of_four: stage.Request
) -> None:
    folders = ("--lpd", request_of_four.lpd, "--genres", str(request_of_four.genres))
    done = vaemusic("-w", project.root, "filter", "--genre", "jazz", *folders)
    assert done.status == 0, done.err
    assert "Genres from: id lists in" in done.out
    unknown = vaemusic("-w", project.root, "filter", "--genre", "jazz", "--source", "lastfmm")
    assert unknown.status == 1
    assert "no source of genres 'lastfmm'" in unknown.err and "Did you mean 'lastfm'?" in unknown.err
