"""`play` hands sound to whatever player is installed, or MIDI to a port, and says so clearly where there is none."""

import signal
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from mido.sockets import PortServer

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


@pytest.fixture
def server() -> Iterator[PortServer]:
    """Receives MIDI over the network."""
    with PortServer("127.0.0.1", 0) as server:
        yield server


def address(server: PortServer) -> str:
    return f"127.0.0.1:{server._socket.getsockname()[1]}"


def test_a_port_over_the_network_gets_every_note_and_the_end_of_all_notes(
    vaemusic: Vaemusic, midi: Path, server: PortServer
) -> None:
    got: list[str] = []

    def receive() -> None:
        with suppress(ValueError):  # of mido, where the port is closed between two messages
            for message in server.accept():
                got.append(message.type)

    receiver = threading.Thread(target=receive)
    receiver.start()
    done = vaemusic("play", midi, "--port", address(server), "--bars", "1", "--clock")
    receiver.join(timeout=60)
    assert done.status == 0, done.err
    assert got.count("note_on") == got.count("note_off") == 22
    assert got[:2] == ["program_change", "program_change"]
    assert (got.count("clock"), got.count("start"), got.count("stop")) == (96, 1, 1)
    assert got[-10:] == ["control_change"] * 10
    assert f"to '{address(server)}'" in done.out
    assert "ms late" in done.out


def test_ctrl_c_ends_all_notes_of_a_port(midi: Path, server: PortServer) -> None:
    command = [sys.executable, "-m", "pianoroll_vae", "play", str(midi), "--port", address(server)]
    process = subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests may ignore it
    )
    receiver = server.accept()
    sounding: set[tuple[int, int]] = set()
    stopped = False
    with suppress(ValueError):  # of mido, where the port is closed between two messages
        for message in receiver:
            if message.type == "note_on":
                sounding.add((message.channel, message.note))
            elif message.type == "note_off":
                sounding.discard((message.channel, message.note))
            if len(sounding) > 4 and not stopped:
                process.send_signal(signal.SIGINT)
                stopped = True
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "Stopped." in err
    assert stopped
    assert sounding == set()


def test_what_belongs_to_sound_and_what_to_a_port_is_not_mixed(vaemusic: Vaemusic, midi: Path) -> None:
    for words, message in (
        (("--clock",), "--clock is for a MIDI port"),
        (("--port", "x", "--virtual", "y"), "--port and --virtual name two ports"),
        (("--port", "x", "--soundfont", "x.sf2"), "--soundfont is for sound"),
    ):
        done = vaemusic("play", midi, *words)
        assert done.status == 1
        assert message in done.err


def test_without_the_extra_both_options_name_it(
    vaemusic: Vaemusic, midi: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MIDO_BACKEND", raising=False)
    monkeypatch.delitem(sys.modules, "mido.backends.rtmidi", raising=False)
    monkeypatch.setitem(sys.modules, "rtmidi", None)
    for words in (("--list-ports",), (midi, "--port", "x")):
        done = vaemusic("play", *words)
        assert done.status == 1
        assert "pianoroll-vae[live]" in done.err
