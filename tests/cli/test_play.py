"""`play` hands sound to whatever player is installed, and says so clearly where there is none."""

import sys
import wave
from pathlib import Path

import pytest

from pianoroll_vae.music.midi import midi_bytes
from tests.conftest import Vaemusic
from tests.listen.songs import band_song

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the players are shell scripts")


@pytest.fixture
def midi(tmp_path: Path) -> Path:
    path = tmp_path / "song.mid"
    path.write_bytes(midi_bytes(band_song(bars=2)))
    return path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setitem(sys.modules, "sounddevice", None)  # as if the package were not installed
    return folder


def install(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_an_installed_player_gets_the_whole_song(vaemusic: Vaemusic, midi: Path, programs: Path) -> None:
    heard = programs / "heard.wav"
    install(programs, "aplay", f'/bin/cat "$2" > {heard}')
    done = vaemusic("play", midi)
    assert done.status == 0, done.err
    assert "with aplay" in done.out
    with wave.open(str(heard)) as sound:
        assert sound.getnchannels() == 2
        assert sound.getnframes() / sound.getframerate() == pytest.approx(6, abs=0.1), "4 s of song, 2 to ring"


def test_after_a_player_that_fails_the_next_one_is_tried(vaemusic: Vaemusic, midi: Path, programs: Path) -> None:
    install(programs, "paplay", "echo 'Connection refused' >&2; exit 1")
    install(programs, "ffplay", "exit 0")
    done = vaemusic("play", midi, "--bars", "1")
    assert done.status == 0, done.err
    assert "with ffplay" in done.out


def test_without_a_device_the_players_message_is_shown(vaemusic: Vaemusic, midi: Path, programs: Path) -> None:
    install(programs, "aplay", "echo 'audio open error: No such device' >&2; exit 1")
    done = vaemusic("play", midi)
    assert done.status == 1
    assert "No audio player could play the song: aplay: audio open error" in " ".join(done.err.split())
    assert "vaemusic render" in done.err


def test_without_a_player_one_message_names_render(vaemusic: Vaemusic, midi: Path, programs: Path) -> None:
    done = vaemusic("play", midi)
    assert done.status == 1
    words = " ".join(done.err.split())
    assert "No audio player is installed" in words
    assert "vaemusic render song.mid -o song.wav" in words
    assert "Traceback" not in done.err
