"""Ports of the system and over the network: what is sent arrives, and what is missing is one message."""

import os
import shutil
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mido.sockets import PortServer

from pianoroll_vae.errors import DeviceUnavailable, PackageMissing, SettingInvalid
from pianoroll_vae.listen.midi_port import open_port, open_virtual_port, port_names
from pianoroll_vae.listen.scheduler import Port

BACKEND = """
    from pathlib import Path
    import mido.ports

    FOLDER = Path(__file__).parent / "ports"

    class System:
        def get_ports(self):
            return [path.name for path in FOLDER.iterdir()]

    class Output(mido.ports.BaseOutput):
        def _open(self, virtual=False, **options):
            if virtual:
                raise NotImplementedError("Virtual ports are not supported.")
            self._rt = System()

        def _send(self, message):
            with (FOLDER / self.name).open("ab") as file:
                file.write(message.bin())

    def get_devices(**options):
        return [{"name": name, "is_input": False, "is_output": True} for name in System().get_ports()]
"""
"""A backend of mido whose ports are files."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A MIDI system of three ports."""
    (tmp_path / "folder_ports.py").write_text(textwrap.dedent(BACKEND))
    (tmp_path / "ports").mkdir()
    for name in ("Synth 20:0", "Synth 20:1", "DAW 24:0"):
        (tmp_path / "ports" / name).touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "folder_ports", raising=False)
    monkeypatch.setenv("MIDO_BACKEND", "folder_ports")
    return tmp_path / "ports"


def test_what_is_sent_to_a_port_arrives_and_a_part_of_its_name_is_enough(folder: Path) -> None:
    assert set(port_names()) == {"Synth 20:0", "Synth 20:1", "DAW 24:0"}
    with open_port("daw") as port:
        assert port.name == "DAW 24:0"
        port.send(b"\x90\x3c\x50")
        port.send(b"\xc3\x20")
        port.check()
    assert (folder / "DAW 24:0").read_bytes() == b"\x90\x3c\x50\xc3\x20"


@pytest.mark.parametrize(
    ("name", "message"), [("cello", r"There is no port 'cello'"), ("Synth", r"Several ports have 'Synth'")]
)
def test_a_name_of_no_port_or_of_several_lists_those_that_there_are(folder: Path, name: str, message: str) -> None:
    with pytest.raises(DeviceUnavailable, match=message) as error, open_port(name):
        pass
    assert "Synth 20:0" in error.value.hint
    assert "--port HOST:PORT" in error.value.hint


def test_a_port_that_goes_away_is_noticed_between_messages(folder: Path) -> None:
    with open_port("DAW") as port:
        (folder / "DAW 24:0").unlink()
        with pytest.raises(DeviceUnavailable, match="'DAW 24:0' is gone") as error:
            port.check()
    assert "--list-ports" in error.value.hint


def test_where_a_system_has_no_virtual_ports_that_is_the_message(folder: Path) -> None:
    with pytest.raises(DeviceUnavailable, match="no virtual port here") as error, open_virtual_port("band"):
        pass
    assert "loopMIDI" in error.value.hint


def test_without_the_extra_the_message_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MIDO_BACKEND", raising=False)
    monkeypatch.delitem(sys.modules, "mido.backends.rtmidi", raising=False)
    monkeypatch.setitem(sys.modules, "rtmidi", None)  # as if the package were not installed
    with pytest.raises(PackageMissing, match="python-rtmidi") as error:
        port_names()
    assert "pip install 'pianoroll-vae[live]'" in error.value.hint


def test_a_backend_that_does_not_exist_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIDO_BACKEND", "mido.backends.nothing")
    with pytest.raises(SettingInvalid, match=r"MIDO_BACKEND is 'mido.backends.nothing'") as error:
        port_names()
    assert "mido.backends.rtmidi" in error.value.hint


def test_messages_arrive_over_the_network_and_a_receiver_that_ends_is_noticed() -> None:
    with PortServer("127.0.0.1", 0) as server:
        number = server._socket.getsockname()[1]
        with open_port(f"127.0.0.1:{number}") as port:
            receiver = server.accept()
            port.send(b"\x99\x24\x50")
            assert receiver.receive().bytes() == [0x99, 0x24, 0x50]
            receiver._socket.shutdown(socket.SHUT_RDWR)
            with pytest.raises(DeviceUnavailable, match=f"'127.0.0.1:{number}' is gone"):
                for _ in range(50):
                    port.send(b"\x89\x24\x40")
                    time.sleep(0.01)


@pytest.mark.parametrize("number", ["9", "99999"])
def test_where_nothing_answers_the_receivers_command_is_named(number: str) -> None:
    with (
        pytest.raises(DeviceUnavailable, match=f"localhost:{number} does not answer") as error,
        open_port(f":{number}"),
    ):
        pass
    assert "mido-serve" in error.value.hint


@pytest.fixture
def jack(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A JACK server of our own, without a sound card."""
    name = f"vaemusic-{os.getpid()}"
    monkeypatch.setenv("JACK_DEFAULT_SERVER", name)
    monkeypatch.delenv("MIDO_BACKEND", raising=False)
    command = ["jackd", "--no-realtime", "--name", name, "-d", "dummy", "--rate", "48000", "--period", "256"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        server.terminate()
        server.wait()


@pytest.mark.skipif(not shutil.which("jackd"), reason="needs a JACK server")
def test_ports_of_jack_are_listed_and_played_to_and_a_virtual_one_can_be_recorded(jack: None) -> None:
    rtmidi = pytest.importorskip("rtmidi")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            daw = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, "DAW")
            break
        except rtmidi.SystemError:
            time.sleep(0.1)
    daw.open_virtual_port("in")
    assert port_names() == ["DAW:in"]
    with open_port("DAW") as port:
        assert received(daw, port, b"\x90\x3c\x50") == [0x90, 0x3C, 0x50]
        port.check()
        daw.close_port()
        daw.delete()
        with pytest.raises(DeviceUnavailable, match="'DAW:in' is gone"):
            port.check()
    with open_virtual_port("band") as port:
        recorder = rtmidi.MidiIn(rtmidi.API_UNIX_JACK, "recorder")
        recorder.open_port(next(i for i, name in enumerate(recorder.get_ports()) if "band" in name))
        assert received(recorder, port, b"\x99\x24\x50") == [0x99, 0x24, 0x50]
        recorder.delete()


def received(midi_in: Any, port: Port, message: bytes) -> list[int]:
    """What arrives of a message; it is sent again each second, since JACK drops what comes before it has connected both
    ends."""
    for attempt in range(3000):
        if attempt % 100 == 0:
            port.send(message)
        if arrived := midi_in.get_message():
            return list(arrived[0])
        time.sleep(0.01)
    raise AssertionError("nothing arrived")
