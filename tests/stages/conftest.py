"""What tests of several stages share."""

from pathlib import Path

import pytest

from pianoroll_vae.music.source_midi import SourceMidi
from tests.midi_files import midi_file


@pytest.fixture
def two_songs(tmp_path: Path) -> tuple[SourceMidi, SourceMidi]:
    """Two songs of other lengths, instruments and tempi."""
    one = midi_file(tmp_path / "a.mid", beats=40, tempi=(90.0,))
    other = midi_file(tmp_path / "b.mid", beats=70, instruments=("guitar", "bass", "strings"), tempi=(160.0,), seed=4)
    return SourceMidi.read(one), SourceMidi.read(other)
