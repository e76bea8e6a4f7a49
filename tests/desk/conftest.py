"""A phrase from which the tests of the desk continue songs."""

from pathlib import Path

import pytest

from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from tests.midi_files import midi_file


@pytest.fixture
def primer(ensemble: Ensemble, tmp_path: Path) -> Song:
    song = SourceMidi.read(midi_file(tmp_path / "a.mid", beats=32)).song
    return song.regrid(ensemble.steps_per_beat).between(0, ensemble.phrase_steps)
