"""What a written song has beside its notes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from pianoroll_vae.desk.music_options import MusicOptions
from pianoroll_vae.desk.outputs import write
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import LPD17, Band, Instrument
from pianoroll_vae.music.chart import load_chart
from pianoroll_vae.music.key import parse_key
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.written_chart import find_chart
from pianoroll_vae.sources.lakh import read_lakh
from tests.listen.songs import band_song
from tests.midi_files import messages_of

CHART = "marker", "text", "key_signature"


def test_a_generated_song_has_its_sections_chords_and_key_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    first, second = tmp_path / "a.mid", tmp_path / "b.mid"
    for path in (first, second):
        write(Arrangement(band_song(bars=8)), (path,), 0, "")
    assert all(messages_of(first, kind) for kind in CHART)
    assert first.read_bytes() == second.read_bytes()


def test_a_source_midi_keeps_its_markers_and_gets_none(tmp_path: Path) -> None:
    plain, marked, copy = tmp_path / "plain.mid", tmp_path / "marked.mid", tmp_path / "copy.mid"
    plain.write_bytes(Arrangement(band_song(bars=8)).midi())
    write(Arrangement(band_song(bars=8)), (marked,), 0, "")
    for source in (plain, marked):
        source_midi = SourceMidi.read(source)
        keep = np.ones(len(source_midi.score), np.bool_)
        write(Arrangement(source_midi.song.between(0, 0), source_midi, keep), (copy,), 0, "")
        assert messages_of(copy, *CHART) == messages_of(source, *CHART)
    assert not messages_of(plain, *CHART)


@pytest.mark.parametrize("key", ["A minor", "C major", "A dorian"])
def test_a_file_is_in_the_key_that_was_asked_for_also_where_its_chords_are_of_the_relative_one(
    key: str, tmp_path: Path
) -> None:
    song, path = band_song(bars=8), tmp_path / "a.mid"
    arrangement, _ = MusicOptions(key=key, transpose=3).apply(Arrangement(song), song, moves="nothing")
    write(arrangement, (path, path.with_suffix(".chart")), 0, "")
    asked = parse_key(key).transposed(3)
    assert find_chart(SourceMidi.read(path))[0].key == asked
    assert load_chart(path.with_suffix(".chart"))[0].key == asked


@pytest.mark.parametrize("moves", ["all", "new"])
def test_a_file_without_a_key_signature_gets_that_of_the_key_to_which_all_of_it_was_moved(
    moves: Any, tmp_path: Path
) -> None:
    path = tmp_path / "a.mid"
    source_midi = SourceMidi.from_bytes(midi_bytes(band_song(bars=8)))
    options = MusicOptions(key="E minor", transpose=-2)
    arrangement, _ = options.apply(Arrangement.of(source_midi), source_midi.song, moves=moves)
    write(arrangement, (path,), 0, "")
    signatures = messages_of(path, "key_signature")
    named = (0.0, str(mido.MetaMessage("key_signature", key="Dm")))
    assert signatures == ([named] if moves == "all" else [])


def test_a_picture_of_a_song_without_a_name_has_that_of_its_file(tmp_path: Path) -> None:
    pictures = [tmp_path / folder / f"{name}.png" for folder, name in (("1", "tune"), ("2", "tune"), ("3", "other"))]
    for path, name in zip(pictures, ("", "tune", "tune"), strict=True):
        path.parent.mkdir()
        write(Arrangement(replace(band_song(bars=4), name=name)), (path,), 0, "")
    untitled, named, elsewhere = (path.read_bytes() for path in pictures)
    assert untitled == named == elsewhere


TRIO = Band(
    "trio",
    (Instrument("piano", 0, family=range(8)), Instrument("flute", 73, family=(73,)), Instrument("drums", 0, True)),
    "piano",
)


@pytest.mark.parametrize("band", [TRIO, LPD17], ids=lambda band: band.name)
def test_arrays_have_every_instrument_of_any_band(band: Band, tmp_path: Path) -> None:
    rolls = np.zeros((len(band), 64, 128), np.uint8)
    for index in range(len(band)):
        rolls[index, 2 * index : 2 * index + 4, 40 + index] = 60 + index
    write(Arrangement(Song.from_rolls(band, rolls, 4)), (tmp_path / "song.npz",), 0, "")
    assert np.array_equal(read_lakh(tmp_path / "song.npz", band, 4).rolls(), rolls)
