"""The filter takes genres from whatever source there is, says which, and can combine several."""

from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.config import FilterSettings
from pianoroll_vae.console import SilentWatch
from pianoroll_vae.errors import NothingFound
from pianoroll_vae.music.selection import SelectedSong, read_selection
from pianoroll_vae.stages import filter as stage
from pianoroll_vae.workspace import SELECTION, Workspace
from tests.conftest import Vaemusic
from tests.sources import lakh_files
from tests.sources.msd_databases import TRACKS, artist_term_db, track_metadata_db

BLUES, ROCK, LATER_BLUES, UNTERMED = TRACKS


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
    (tmp_path / "labels" / "lastfm" / "id_list_blues.txt").write_text(f"{ROCK}\n")
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
    assert set(songs) == {BLUES, LATER_BLUES}
    assert (songs[BLUES].title, songs[BLUES].artist, songs[BLUES].year) == ("Slow Train", "Ada Ash", 1961)
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
    assert songs[ROCK].genres == ("blues",) and songs[ROCK].title == "Fast Car", "the list knows no titles"


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


def test_the_command_says_where_the_genres_came_from(
    vaemusic: Vaemusic, project: Workspace, request_of_four: stage.Request
) -> None:
    folders = ("--lpd", request_of_four.lpd, "--genres", str(request_of_four.genres))
    done = vaemusic("-w", project.root, "filter", "--genre", "jazz", *folders)
    assert done.status == 0, done.err
    assert "Genres from: id lists in" in done.out
    unknown = vaemusic("-w", project.root, "filter", "--genre", "jazz", "--source", "lastfmm")
    assert unknown.status == 1
    assert "no source of genres 'lastfmm'" in unknown.err and "Did you mean 'lastfm'?" in unknown.err
