"""Artists and titles from the list of all tracks."""

from pathlib import Path

import pytest

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.sources.track_names import find_track_names, read_track_names

TRACK = "TRMMMRX128F93187D9"


def test_a_line_names_artist_and_title_of_a_track(tmp_path: Path) -> None:
    path = tmp_path / "unique_tracks.txt"
    path.write_bytes(
        b"TRMMMYQ128F932D901<SEP>SOQ<SEP>Somebody<SEP>Else\n"
        + b"x" * 100_000
        + b"\nTR\xff<SEP>broken\n"
        + f"{TRACK}<SEP>SOG<SEP>Hud & Son<SEP>Qu\u00e9 <SEP> day\r\n".encode()
    )
    assert read_track_names(path, [TRACK, "TRZZZZZ128F0000000"]) == {TRACK: ("Hud & Son", "Qu\u00e9 <SEP> day")}


@pytest.mark.parametrize("place", ["labels", "msd/AdditionalFiles"])
def test_the_list_is_found_where_the_collections_lie(tmp_path: Path, place: str) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "msd" / "data").mkdir(parents=True)
    (tmp_path / place).mkdir(exist_ok=True, parents=True)
    path = tmp_path / place / "unique_tracks_part.txt"
    path.write_text("")
    assert find_track_names(tmp_path / "labels", tmp_path / "msd" / "data") == path
    path.unlink()
    assert find_track_names(tmp_path / "labels", None) is None


def test_a_list_that_cannot_be_read_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="Cannot read") as error:
        read_track_names(tmp_path, [TRACK])
    assert error.value.hint
