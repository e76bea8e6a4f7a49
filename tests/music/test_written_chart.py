"""The chart that stands in a MIDI file of ours is the one that was played."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.chart_reading import read_chart
from pianoroll_vae.music.key import Key, parse_key
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.written_chart import find_chart, written_chart
from tests.listen.songs import band_song


def test_a_chart_comes_back_with_the_key_that_it_names(tmp_path: Path) -> None:
    chart, _ = parse_chart("{key: F# minor}\n[Verse]\n| C | C | F | G |\n[Chorus]\n| Am | F | G | C |")
    (tmp_path / "song.mid").write_bytes(midi_bytes(band_song(bars=8), chart=chart))
    found = written_chart(SourceMidi.read(tmp_path / "song.mid", LPD5))
    assert found is not None
    assert found.key == Key(6, "minor"), "not the one that fits the notes best"
    assert np.array_equal(found.chords, chart.chords)
    assert [(section.name, section.bars) for section in found.sections] == [("Verse", 4), ("Chorus", 4)]


def test_a_file_without_markers_has_no_chart(tmp_path: Path) -> None:
    (tmp_path / "song.mid").write_bytes(midi_bytes(band_song(bars=4)))
    assert written_chart(SourceMidi.read(tmp_path / "song.mid", LPD5)) is None


def test_a_chart_that_the_notes_have_left_behind_gives_way_to_the_one_that_is_heard(tmp_path: Path) -> None:
    song, path = band_song(bars=8), tmp_path / "song.mid"
    heard = read_chart(song)
    path.write_bytes(midi_bytes(song, chart=replace(heard, title="as written")))
    found, stands_there = find_chart(SourceMidi.read(path, LPD5))
    assert stands_there
    assert np.array_equal(found.chords, heard.chords)
    path.write_bytes(midi_bytes(song, chart=heard.transposed(1)))
    found, stands_there = find_chart(SourceMidi.read(path, LPD5))
    assert not stands_there
    assert np.array_equal(found.chords, heard.chords)


@pytest.mark.parametrize("name", ["A minor", "C major", "D dorian", "Eb mixolydian", "F# harmonic minor"])
def test_a_song_is_read_in_the_key_in_which_it_was_written_and_moves_with_it(name: str, tmp_path: Path) -> None:
    song, key, path = band_song(bars=8), parse_key(name), tmp_path / "song.mid"
    path.write_bytes(midi_bytes(song, chart=replace(read_chart(song), key=key)))
    source_midi = SourceMidi.read(path)
    assert find_chart(source_midi)[0].key == key
    moved = SourceMidi.from_bytes(Arrangement.of(source_midi).transposed(-2).midi())
    found, stands_there = find_chart(moved)
    assert stands_there
    assert found.key == key.transposed(-2)
