"""A selection comes back as it was written, names of any bytes included."""

import json
import os
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pianoroll_vae.errors import ArtifactDamaged, FileUnreadable
from pianoroll_vae.music.selection import SelectedSong, read_selection, write_selection
from tests.wrong_values import wrong_fields

SONGS = [
    SelectedSong(
        md5="a" * 32,
        track_id="TRAAAGR128F425B14B",
        other_ids=("TRAAAGR128F425B14C",),
        title="Blues für »Élise«\n",
        artist="",
        year=1959,
        genres=("blues", "rock"),
        weights=(1.0, 0.25),
        path=os.fsdecode(b"/odd/\xff\n name.npz"),
    ),
    SelectedSong(md5="b" * 32, path="b.mid"),
]


def test_a_selection_comes_back(tmp_path: Path) -> None:
    write_selection(tmp_path / "s", SONGS)
    assert list(read_selection(tmp_path / "s")) == SONGS
    write_selection(tmp_path / "t", SONGS)
    assert (tmp_path / "s").read_bytes() == (tmp_path / "t").read_bytes()


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"{}\n", b"[1]\n", b"hello\n", b'{"format": "vaemusic selection 2"}']
)
def test_another_file_is_no_selection(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s").write_bytes(content)
    with pytest.raises(ArtifactDamaged) as error:
        list(read_selection(tmp_path / "s"))
    assert "vaemusic filter" in error.value.hint


@pytest.mark.parametrize("line", ["{", "{}", "[" * 100_000, '{"md5": ' + "9" * 5000 + "}", '{"md5": 1}', "null", "7"])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    write_selection(tmp_path / "s", SONGS)
    with (tmp_path / "s").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(ArtifactDamaged, match="line 4"):
        list(read_selection(tmp_path / "s"))


def test_a_missing_selection_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable):
        list(read_selection(tmp_path / "none"))


FIELDS = dict(wrong_fields(SelectedSong))


@settings(deadline=None)
@given(st.sampled_from(sorted(FIELDS)), st.data())
def test_no_song_outside_the_schema_is_read(
    tmp_path_factory: pytest.TempPathFactory, field: tuple[str], data: st.DataObject
) -> None:
    values = asdict(SONGS[0]) | {field[0]: data.draw(FIELDS[field])}
    path = tmp_path_factory.getbasetemp() / "wrong.jsonl"
    write_selection(path, SONGS)
    with path.open("a") as file:
        file.write(json.dumps(values) + "\n")
    with pytest.raises(ArtifactDamaged, match="line 4"):
        list(read_selection(path))
