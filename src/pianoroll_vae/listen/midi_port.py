"""Opens MIDI ports: those of the system, through python-rtmidi, a virtual one, or one of mido over the network.

The environment variable MIDO_BACKEND chooses one of mido's backends; otherwise all that python-rtmidi was built with
are asked, on Linux ALSA and JACK.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from pianoroll_vae.errors import DeviceUnavailable, PackageMissing, SettingInvalid

if TYPE_CHECKING:
    import mido

RTMIDI = "mido.backends.rtmidi"
CHOSEN = "MIDO_BACKEND"
CONNECT_SECONDS = 5.0
ADDRESS = re.compile(r"([\w.-]*):(\d{1,5})")
OVER_THE_NETWORK = "Or send over the network, to mido-serve: --port HOST:PORT."


class MidiPort:
    """An open port that takes messages as bytes."""

    def __init__(self, port: Any, name: str, listed: bool = False) -> None:
        """port: of mido. listed: whether the system's list of ports names it as long as it is there."""
        from mido import Message

        self.name = name
        self._port = port
        self._rtmidi = getattr(port, "_rt", None) if listed else None  # mido would open the system again to list it
        self._message = cache(Message.from_bytes)  # a song repeats its messages

    def send(self, message: bytes) -> None:
        try:
            self._port.send(self._message(message))
        except (OSError, ValueError):  # mido has ValueError for a port that it has closed
            raise self._gone() from None

    def check(self) -> None:
        """Raise where the port is gone: most systems drop what is sent to it without an error."""
        if self._rtmidi is not None and self.name not in self._rtmidi.get_ports():
            raise self._gone()

    def _gone(self) -> DeviceUnavailable:
        return DeviceUnavailable(
            f"The port '{self.name}' is gone.", "Is the program behind it still running? vaemusic play --list-ports"
        )

    def close(self) -> None:
        with _without_library_messages():
            self._port.close()


def port_names() -> list[str]:
    """The names of the ports that a song can be played to."""
    return list(_ports())


@contextmanager
def open_port(name: str) -> Iterator[MidiPort]:
    """The port of that name, or the only one whose name contains it; HOST:PORT for one over the network."""
    address = ADDRESS.fullmatch(name)
    port = _connect(address[1] or "localhost", int(address[2])) if address else _open(name)
    try:
        yield port
    finally:
        port.close()


@contextmanager
def open_virtual_port(name: str) -> Iterator[MidiPort]:
    """A port of our own, from which other programs can record."""
    failures = []
    for backend in _backends():
        try:
            with _without_library_messages():
                port = MidiPort(backend.open_output(name, virtual=True), name)
        except (OSError, NotImplementedError) as failure:
            failures.append(_described(backend, failure))
            continue
        try:
            yield port
        finally:
            port.close()
        return
    raise DeviceUnavailable(
        f"There is no virtual port here: {'; '.join(failures)}.",
        f"Windows has none: install loopMIDI, and name its port with --port. {OVER_THE_NETWORK}",
    )


def _open(name: str) -> MidiPort:
    ports = _ports()
    own = [name] if name in ports else [known for known in ports if name.casefold() in known.casefold()]
    if len(own) != 1:
        wrong = f"Several ports have '{name}' in their name." if own else f"There is no port '{name}'."
        there = f"There are: {', '.join(own or ports)}." if ports else "There is none here: start the DAW first."
        raise DeviceUnavailable(wrong, f"{there} {OVER_THE_NETWORK}")
    backend = ports[own[0]]
    try:
        with _without_library_messages():
            return MidiPort(backend.open_output(own[0]), own[0], listed=True)
    except OSError as failure:
        raise DeviceUnavailable(
            f"The port '{own[0]}' cannot be opened: {failure}.", "Does a program hold it?"
        ) from None


def _connect(host: str, number: int) -> MidiPort:
    from mido.sockets import SocketPort

    name = f"{host}:{number}"
    try:
        connection = socket.create_connection((host, number), CONNECT_SECONDS)
    except (OSError, OverflowError) as failure:
        reason = failure.strerror if isinstance(failure, OSError) and failure.strerror else failure
        raise DeviceUnavailable(
            f"{name} does not answer: {reason}.", f"Start the receiver first, for instance: mido-serve {name} PORT"
        ) from None
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or messages wait until several fill a packet
    return MidiPort(SocketPort(host, number, conn=connection), name)


def _ports() -> dict[str, mido.Backend]:
    """The ports of all backends that can be opened."""
    ports: dict[str, mido.Backend] = {}
    failures = []
    backends = _backends()
    for backend in backends:
        try:
            ports |= dict.fromkeys(_names(backend), backend)
        except OSError as failure:
            failures.append(_described(backend, failure))
    if len(failures) == len(backends):
        raise DeviceUnavailable(
            f"The system has no MIDI ports: {'; '.join(failures)}.",
            f"On Linux: load ALSA's sequencer (modprobe snd-seq), or start JACK. {OVER_THE_NETWORK}",
        )
    return ports


def _names(backend: mido.Backend) -> list[str]:
    with _without_library_messages():
        return list(backend.get_output_names())


def _backends() -> list[mido.Backend]:
    import mido

    chosen = os.environ.get(CHOSEN)
    backend = mido.Backend(chosen or RTMIDI)
    try:
        backend.load()
    except ModuleNotFoundError as missing:
        if missing.name == "rtmidi":
            raise PackageMissing(
                "MIDI ports need the package python-rtmidi.",
                f"Install it: pip install 'pianoroll-vae[live]'. {OVER_THE_NETWORK}",
            ) from None
        raise SettingInvalid(
            f"{CHOSEN} is '{chosen}', which is no module here.", f"Unset it, or use {RTMIDI}."
        ) from None
    return [backend] if chosen else [mido.Backend(RTMIDI, api) for api in backend.module.get_api_names()]


def _described(backend: mido.Backend, failure: Exception) -> str:
    return f"{backend.api or backend.name}: {str(failure).strip().rstrip('.')}"


@contextmanager
def _without_library_messages() -> Iterator[None]:
    """ALSA and JACK print to the error stream what they also report as an error."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
