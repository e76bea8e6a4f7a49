from pathlib import Path

import pytest

from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.stages import render
from tests.listen.songs import band_song


def test_rendering_is_a_hundred_times_faster_than_real_time(tmp_path: Path) -> None:
    (tmp_path / "long.mid").write_bytes(midi_bytes(band_song(bars=90)))
    reports = [render.run(tmp_path / "long.mid", tmp_path / "long.wav", None) for _ in range(2)]
    assert reports[0].seconds == pytest.approx(182, abs=1)
    assert max(report.seconds / report.took for report in reports) >= 100
