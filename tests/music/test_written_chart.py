"""The chart that stands in a MIDI file of ours is the one that was played."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chart import parse_chart
from pianoroll_vae.music.chart_reading import read_chart
from pianoroll_vae.music.key import Key
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
