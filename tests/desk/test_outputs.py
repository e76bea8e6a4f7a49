"""What a written song has beside its notes."""

from pathlib import Path

import numpy as np

from pianoroll_vae.desk.outputs import write
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.source_midi import SourceMidi
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
