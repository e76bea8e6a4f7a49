"""`chart`, from the command line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pianoroll_vae.music.chart import load_chart
from pianoroll_vae.music.key import parse_key
from pianoroll_vae.music.midi import midi_bytes
from tests.conftest import Vaemusic
from tests.music.test_chart_reading import FORM, LOOP, song_of


def test_it_prints_the_chart_of_a_midi_file(vaemusic: Vaemusic, tmp_path: Path) -> None:
    (tmp_path / "song.mid").write_bytes(midi_bytes(song_of(FORM)))
    done = vaemusic("chart", tmp_path / "song.mid")
    assert done.status == 0
    assert "[A]\n| C | Am | F | G7 |" in done.out


def test_it_writes_a_file_that_reads_back(vaemusic: Vaemusic, tmp_path: Path) -> None:
    (tmp_path / "song.mid").write_bytes(midi_bytes(song_of(FORM)))
    path = tmp_path / "song.chart"
    assert f"Wrote {path}" in vaemusic("chart", tmp_path / "song.mid", "-o", path).out
    assert vaemusic("chart", tmp_path / "song.mid", "-q", "-o", path).out == ""
    printed = vaemusic("chart", "-q", path).out
    assert printed.strip() == path.read_text().strip()
    assert load_chart(path)[0].bars == 32


@pytest.mark.parametrize("signature", ["A minor", "C major", None])
def test_a_song_in_a_minor_is_not_in_c_major_whatever_its_key_signature(
    vaemusic: Vaemusic, tmp_path: Path, signature: str | None
) -> None:
    song = replace(song_of(LOOP), key_signature=parse_key(signature) if signature else None)
    (tmp_path / "song.mid").write_bytes(midi_bytes(song))
    assert "{key: A minor}" in vaemusic("chart", tmp_path / "song.mid").out


def test_json_has_sections_and_chords(vaemusic: Vaemusic, tmp_path: Path) -> None:
    (tmp_path / "song.mid").write_bytes(midi_bytes(song_of(FORM)))
    found = json.loads(vaemusic("chart", tmp_path / "song.mid", "--json").out)
    assert found["explained"] == 1
    assert [(s["name"], s["first_bar"], s["bars"]) for s in found["sections"]] == [
        ("A", 1, 8),
        ("B", 9, 8),
        ("A", 17, 8),
        ("B", 25, 8),
    ]
    assert found["sections"][0]["chords"][:2] == [["C", "C"], ["Am", "Am"]]


def test_a_simplified_chord_is_a_notice(vaemusic: Vaemusic, tmp_path: Path) -> None:
    path = tmp_path / "mine.chart"
    path.write_text("| Cmaj7 | F |")
    done = vaemusic("chart", path)
    assert "Cmaj7 is read as C" in done.err
    assert "| C | F |" in done.out


def test_a_wrong_chart_and_a_wrong_suffix_are_one_message(vaemusic: Vaemusic, tmp_path: Path) -> None:
    path = tmp_path / "mine.chart"
    path.write_text("| C | X |")
    done = vaemusic("chart", path)
    assert done.status != 0
    assert "mine.chart, line 1: there is no chord 'X'" in done.err
    assert "does not end in .chart" in vaemusic("chart", path, "-o", tmp_path / "out.txt").err
