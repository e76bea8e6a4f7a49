"""How late MIDI messages arrive in another process, counted from their times.

    python -m tests.bench.midi_jitter [FILE.mid] [--messages 2000]

The other process reads the clock when a message arrives: through a pipe; from mido over TCP; and, where the system has
MIDI ports, from a port that it opens itself. Without a file, on a song of five instruments. The earliest message of
each run counts as on time.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from pianoroll_vae.console import Cell, Table, show_table
from pianoroll_vae.errors import DeviceUnavailable
from pianoroll_vae.listen.midi_port import open_port, port_names
from pianoroll_vae.listen.scheduler import Port, real_time_priority, send_on_time
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.performance import Performance, performance
from pianoroll_vae.music.source_midi import SourceMidi
from tests.listen.songs import band_song

PORT_NAME = "vaemusic-jitter"
HOST, NUMBER = "127.0.0.1", 9753
MESSAGE_BYTES = 3
Recorder = Callable[[int, Connection, Connection], None]


class PipePort:
    """Writes each message, in three bytes, to the other process."""

    def __init__(self, to_recorder: Connection) -> None:
        self.file = to_recorder.fileno()

    def send(self, message: bytes) -> None:
        os.write(self.file, message.ljust(MESSAGE_BYTES, b"\0"))


def record_pipe(count: int, messages: Connection, results: Connection) -> None:
    arrived: list[float] = []
    with real_time_priority():
        results.send(None)
        while len(arrived) < count:
            got = os.read(messages.fileno(), MESSAGE_BYTES)
            arrived.append(time.perf_counter())
            assert len(got) == MESSAGE_BYTES
    results.send(arrived)


def record_network(count: int, messages: Connection, results: Connection) -> None:
    from mido.sockets import PortServer

    with PortServer(HOST, NUMBER) as server:
        arrived: list[float] = []
        left = b""
        with real_time_priority():
            results.send(None)
            connection = server.accept()
            while len(arrived) < count:
                left += connection._socket.recv(4096)
                now = time.perf_counter()
                while left and len(left) >= (length := 2 if left[0] & 0xE0 == 0xC0 else 3):
                    left = left[length:]
                    arrived.append(now)
    results.send(arrived)


def record_port(count: int, messages: Connection, results: Connection) -> None:
    """RtMidi calls back in a thread of its own, as soon as the system hands it a message."""
    import rtmidi

    arrived: list[float] = []
    for api in rtmidi.get_compiled_api():
        try:
            midi_in = rtmidi.MidiIn(api, PORT_NAME)
        except rtmidi.SystemError:
            continue
        midi_in.open_virtual_port(PORT_NAME)
        midi_in.set_callback(lambda message, data: arrived.append(time.perf_counter()))
        results.send(None)
        while len(arrived) < count:
            time.sleep(0.01)
        break
    results.send(arrived)


def lateness(
    song: Performance, recorder: Recorder, opened: Callable[[Connection], AbstractContextManager[Port]]
) -> tuple[float, ...]:
    """(3,): median, 99th percentile and maximum, in milliseconds, of the song's messages in another process."""
    processes = multiprocessing.get_context("spawn")
    messages, to_recorder = processes.Pipe(duplex=False)
    results, to_results = processes.Pipe(duplex=False)
    process = processes.Process(target=recorder, args=(len(song.messages), messages, to_results), daemon=True)
    process.start()
    results.recv()
    with opened(to_recorder) as port:
        send_on_time(port, song.seconds, song.messages)
        late = np.array(results.recv()[: len(song.messages)]) - song.seconds  # what follows ends the notes
    process.join()
    late -= late.min()
    return tuple(1000 * float(value) for value in (*np.percentile(late, [50, 99]), late.max()))


def part(song: Performance, kept: int) -> Performance:
    return Performance(song.seconds[:kept], song.messages[:kept])


@contextmanager
def song_file(path: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "song.mid"
        written.write_bytes(midi_bytes(band_song(bars=90)))
        yield path or written


def main(file: Path | None, messages: int) -> None:
    with song_file(file) as path:
        song = part(performance(SourceMidi.read(path)), messages)
    ways: list[tuple[str, Recorder, Callable[[Connection], AbstractContextManager[Port]]]] = [
        ("a pipe", record_pipe, lambda pipe: nullcontext(PipePort(pipe))),
        ("TCP, mido.sockets", record_network, lambda _: open_port(f"{HOST}:{NUMBER}")),
    ]
    try:
        port_names()
    except DeviceUnavailable as missing:
        print(missing.message)
    else:
        ways.append(("a port of the system", record_port, lambda _: open_port(PORT_NAME)))
    title = f"{len(song.messages):,} messages in {song.length_seconds:.0f} s: milliseconds late"
    rows: list[tuple[Cell, ...]] = []
    for name, recorder, opened in ways:
        print(f"Sending through {name}, {song.length_seconds:.0f} s ...", flush=True)
        rows.append((name, *lateness(song, recorder, opened)))
    show_table(Table(title, ("through", "median", "p99", "max"), rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--messages", type=int, default=2000)
    options = parser.parse_args()
    main(options.file, options.messages)
