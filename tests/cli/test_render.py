import json
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Vaemusic


def test_render_writes_sound_that_is_not_silent(vaemusic: Vaemusic, midi: Path, tmp_path: Path) -> None:
    done = vaemusic("render", midi, "-o", tmp_path / "out.wav", "--bars", "1-2")
    assert done.status == 0
    with wave.open(str(tmp_path / "out.wav")) as reader:
        heard = np.frombuffer(reader.readframes(reader.getnframes()), "<i2")
    assert 10_000 < np.abs(heard.astype(int)).max() < 32_767
    assert len(heard) / 2 / 44_100 == pytest.approx(6, rel=0.05)


def test_scripts_are_told_what_was_rendered(vaemusic: Vaemusic, midi: Path, tmp_path: Path) -> None:
    sound = json.loads(vaemusic("render", midi, "-o", tmp_path / "a.wav", "--bars", "1-2", "--json").out)
    assert (sound["audio"], sound["seconds"]) == (str(tmp_path / "a.wav"), pytest.approx(6, rel=0.05))
    stems = json.loads(vaemusic("render", midi, "-o", tmp_path / "stems", "--stems", "--json").out)
    assert {f"{name}.wav" for name in stems["stems"]} <= {path.name for path in Path(stems["folder"]).iterdir()}
