"""Sources of genres are found in the given folders, and the fastest matching one is used."""

from pathlib import Path

import pytest

from pianoroll_vae.errors import FileUnreadable, SettingInvalid
from pianoroll_vae.sources.genre_sources import find_sources
from pianoroll_vae.sources.genres import GenreQuery
from tests.sources.msd_databases import artist_term_db, summary_h5, track_metadata_db
from tests.sources.msd_files import song_file

TRACK = "TRAAAAA128F0000001"
BLUES = GenreQuery(("blues",))


@pytest.fixture
def msd(tmp_path: Path) -> Path:
    """A copy of the Million Song Dataset as it is unpacked: song files in data/, the rest beside."""
    song_file(tmp_path / "msd" / "data", TRACK, [("blues", 1.0)])
    additional = tmp_path / "msd" / "AdditionalFiles"
    additional.mkdir()
    artist_term_db(additional / "artist_term.db")
    track_metadata_db(additional / "track_metadata.db")
    summary_h5(additional / "msd_summary_file.h5")
    return tmp_path / "msd"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """Genre labels as the Lakh Pianoroll Dataset's site has them."""
    folder = tmp_path / "genre_labels"
    for source, genre in (("amg", "Blues"), ("lastfm", "rock"), ("lastfm", "blues")):
        (folder / source).mkdir(parents=True, exist_ok=True)
        (folder / source / f"id_list_{genre}.txt").write_text(f"{TRACK}\n")
    (folder / "amg" / "masd_labels.txt").write_text(f"{TRACK}    1\n")
    (folder / "msd_tagtraum_cd1.cls").write_text(f"{TRACK}\tBlues\n")
    return folder


def names(
    msd: Path | None, genres: Path | None, *asked: str, wanted: GenreQuery = BLUES, tracks: int = 10_000
) -> list[str]:
    return [source.name for source in find_sources(msd, genres, asked, wanted, tracks)]


def test_every_source_can_be_asked_for_by_name(msd: Path, labels: Path) -> None:
    everything = ("lastfm", "amg", "masd", "msd_tagtraum_cd1", "sqlite", "mbtags", "summary", "msd")
    assert set(names(msd, labels, *everything)) == set(everything)


@pytest.mark.parametrize("folder", ["msd", "msd/data", "msd/AdditionalFiles"])
def test_databases_are_found_wherever_the_dataset_is_named(msd: Path, folder: str) -> None:
    assert names(msd.parent / folder, None) == ["sqlite"]


def test_lists_are_the_fastest_and_the_largest_of_them_comes_first(msd: Path, labels: Path) -> None:
    assert names(msd, labels) == ["lastfm"]


def test_a_source_without_the_genre_is_not_used(msd: Path, labels: Path) -> None:
    assert names(msd, labels, wanted=GenreQuery(("blues-rock",))) == ["sqlite"]
    assert names(None, labels, wanted=GenreQuery(("Blues contemporary",))) == ["masd"]


def test_with_a_minimum_weight_the_song_files_are_used(msd: Path, labels: Path) -> None:
    assert names(msd, labels, wanted=GenreQuery(("blues",), min_weight=0.5)) == ["msd"]


def test_if_no_source_has_the_genre_the_fastest_is_used(labels: Path) -> None:
    assert names(None, labels, wanted=GenreQuery(("polka",))) == ["lastfm"]


def test_the_summary_is_used_only_if_it_is_faster(msd: Path) -> None:
    (msd / "AdditionalFiles" / "track_metadata.db").unlink()
    assert names(msd, None, tracks=1_000) == ["msd"]
    assert names(msd, None, tracks=1_000_000) == ["summary"]


def test_one_file_of_labels_will_do(labels: Path) -> None:
    assert names(None, labels / "msd_tagtraum_cd1.cls") == ["msd_tagtraum_cd1"]


def test_an_unknown_source_is_refused_with_the_nearest_name(msd: Path, labels: Path) -> None:
    with pytest.raises(SettingInvalid, match="no source of genres 'lastfn'") as error:
        names(msd, labels, "lastfn")
    assert "'lastfm'" in error.value.hint


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="folder") as error:
        names(None, tmp_path / "nowhere")
    assert "--genres" in error.value.hint


def test_no_folders_no_sources() -> None:
    assert names(None, None) == []
