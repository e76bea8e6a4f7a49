"""Plays a MIDI file: synthesises it and hands the sound to an audio player."""

from dataclasses import dataclass
from pathlib import Path

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.midi_input import open_song
from pianoroll_vae.listen.audio import SAMPLE_RATE, default_soundfont, synthesise
from pianoroll_vae.listen.player import play
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.midi import TICKS_PER_BEAT


@dataclass(frozen=True)
class PlayReport:
    player: str
    seconds: float


def run(
    source: Path,
    soundfont: Path | None,
    bars: BarRange | None = None,
    salvage: bool = False,
    watch: Watch | None = None,
) -> PlayReport:
    """Play the file's own instruments to the end."""
    song = open_song(source, None, bars, TICKS_PER_BEAT, salvage, watch)
    samples = synthesise(song, soundfont or default_soundfont())
    return PlayReport(play(samples), samples.shape[1] / SAMPLE_RATE)
