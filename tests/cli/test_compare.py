import json
from pathlib import Path

import pytest

from pianoroll_vae.music.midi import midi_bytes
from tests.conftest import Vaemusic
from tests.listen.songs import band_song


def test_compare_prints_how_much_two_songs_share(vaemusic: Vaemusic, midi: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.mid"
    other.write_bytes(midi_bytes(band_song(bars=4)))
    shared = {
        p["instrument"]: p["shared"] for p in json.loads(vaemusic("compare", midi, other, "--json").out)["instruments"]
    }
    assert shared["bass"] == pytest.approx(2 / 3)
    assert "67%" in vaemusic("compare", midi, other).out
    assert vaemusic("compare", midi, other, "-o", tmp_path / "both.png").status == 0
    assert (tmp_path / "both.png").exists()
