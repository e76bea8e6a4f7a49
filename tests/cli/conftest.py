"""What tests of several commands share."""

from pathlib import Path

import pytest

from pianoroll_vae.music.midi import midi_bytes
from tests.listen.songs import band_song


@pytest.fixture
def midi(tmp_path: Path) -> Path:
    """A song of eight bars."""
    path = tmp_path / "song.mid"
    path.write_bytes(midi_bytes(band_song(bars=8)))
    return path
