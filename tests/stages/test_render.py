import time
import wave
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.stages import render
from tests.listen.songs import band_song
from tests.midi_files import melody_file


def test_rendering_is_a_hundred_times_faster_than_real_time(tmp_path: Path) -> None:
    (tmp_path / "long.mid").write_bytes(midi_bytes(band_song(bars=90)))
    speeds = []
    for _ in range(2):
        began = time.process_time()  # not by the clock on the wall, as much else may run meanwhile
        report = render.run(tmp_path / "long.mid", tmp_path / "long.wav", None)
        speeds.append(report.seconds / (time.process_time() - began))
        assert report.seconds == pytest.approx(182, abs=1)
        assert report.took > 0
    assert max(speeds) >= 100


def heard(path: Path) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    with wave.open(str(path)) as reader:
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2").astype(np.int64)


def test_the_stems_of_a_song_sound_together_as_the_song(tmp_path: Path) -> None:
    song = tmp_path / "song.mid"
    song.write_bytes(midi_bytes(band_song(bars=2)))
    render.run(song, tmp_path / "song.wav", None)
    report = render.run_stems(song, None, None, False, SilentWatch())
    assert report.folder == tmp_path / "song_stems"
    files = sorted(report.folder.glob("*.wav"))
    assert [path.stem for path in files] == list(report.names)
    assert all(path.with_suffix(".mid").read_bytes().startswith(b"MThd") for path in files)
    together, whole = np.sum([heard(path) for path in files], 0), heard(tmp_path / "song.wav")
    assert len(together) == len(whole)
    assert np.abs(together - whole).max() < 0.02 * np.abs(whole).max()


def test_a_count_in_makes_sound_and_stems_a_bar_longer(tmp_path: Path) -> None:
    song = tmp_path / "song.mid"
    song.write_bytes(midi_bytes(band_song(bars=2)))
    plain = render.run(song, tmp_path / "song.wav", None)
    counted = render.run(song, tmp_path / "click.wav", None, click=True)
    assert counted.seconds - plain.seconds == pytest.approx(2, abs=0.01)
    stems = render.run_stems(song, tmp_path / "parts", None, False, SilentWatch(), click=True)
    assert stems.seconds == pytest.approx(counted.seconds, abs=0.01)
    assert stems.names[-1].endswith("Click")


def test_stems_need_notes_and_a_folder(tmp_path: Path) -> None:
    song = tmp_path / "song.mid"
    song.write_bytes(midi_bytes(band_song(bars=1)))
    with pytest.raises(SettingInvalid, match="is no folder") as caught:
        render.run_stems(song, tmp_path / "out.wav", None, False, SilentWatch())
    assert "out_stems" in caught.value.hint
    with pytest.raises(NothingFound, match="has no stems"):
        render.run_stems(melody_file(tmp_path / "empty.mid", ()), None, None, False, SilentWatch())
