"""Plays a MIDI file: synthesises it and hands the sound to an audio player, or sends it to a MIDI port."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pianoroll_vae.atomic_files import wrap_write_errors
from pianoroll_vae.desk.midi_input import open_song, open_source
from pianoroll_vae.listen.audio import SAMPLE_RATE, default_soundfont, write_song
from pianoroll_vae.listen.midi_port import open_port, open_virtual_port, port_names
from pianoroll_vae.listen.player import play
from pianoroll_vae.listen.scheduler import send_on_time
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.midi import TICKS_PER_BEAT
from pianoroll_vae.music.performance import performance
from pianoroll_vae.progress import Watch


@dataclass(frozen=True)
class PlayReport:
    player: str
    seconds: float


@dataclass(frozen=True)
class SentReport:
    """late_milliseconds: after which 99 of 100 messages were sent, counted from their times."""

    port: str
    seconds: float
    messages: int
    late_milliseconds: float


def run(
    source: Path,
    soundfont: Path | None,
    bars: BarRange | None = None,
    salvage: bool = False,
    watch: Watch | None = None,
) -> PlayReport:
    """Play the file's own instruments to the end."""
    song = open_song(source, None, bars, TICKS_PER_BEAT, salvage, watch)
    with tempfile.TemporaryDirectory(prefix="vaemusic-") as folder:
        wav = Path(folder) / "song.wav"
        with wrap_write_errors(wav), wav.open("wb") as file:
            samples = write_song(song, soundfont or default_soundfont(), file)
        return PlayReport(play(wav), samples / SAMPLE_RATE)


def ports() -> list[str]:
    """The names of the MIDI ports of the system."""
    return port_names()


def run_to_port(
    source: Path,
    port: str,
    virtual: bool = False,
    bars: BarRange | None = None,
    clock: bool = False,
    salvage: bool = False,
    watch: Watch | None = None,
    ready: Callable[[str], None] | None = None,
) -> SentReport:
    """Send the file's messages to the port of that name; virtual: open it, so that other programs can record from it.

    ready: called with the port's name when it is open, before the first message.
    Nothing is drawn meanwhile: the thread that draws would hold up the messages.
    """
    sent = performance(open_source(source, salvage=salvage, watch=watch), bars, clock)
    with open_virtual_port(port) if virtual else open_port(port) as opened:
        if ready is not None:
            ready(opened.name)
        if watch is not None:
            watch.notice(f"Playing {sent.length_seconds:.0f} s to '{opened.name}'; Ctrl-C stops it.")
        late = send_on_time(opened, sent.seconds, sent.messages, opened.check)
    percentile = float(np.percentile(late, 99)) if len(late) else 0.0
    return SentReport(opened.name, sent.length_seconds, len(late), 1000 * percentile)
