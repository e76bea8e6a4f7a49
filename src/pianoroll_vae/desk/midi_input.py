"""Opens MIDI files, or some bars of them, for commands that show, plot, play or render them."""

from dataclasses import replace
from pathlib import Path

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.meter import BarRange, bars_between
from pianoroll_vae.music.midi import assign_to_band, band_of
from pianoroll_vae.music.midi_score import load_score
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song


def open_song(path: Path, band: Band | None, bars: BarRange | None, steps_per_beat: int = FINE_STEPS_PER_BEAT) -> Song:
    """A MIDI file assigned to a band's instruments, or without a band in its own; a song without a name takes the
    file's."""
    score = load_score(path)
    song = assign_to_band(score, band or band_of(score), steps_per_beat)
    song = replace(song, name=song.name or path.stem)
    return song if bars is None else bars_between(song, *bars)


def output_for(source: Path, output: Path | None, suffix: str) -> Path:
    """`output`, or the source's path with another suffix."""
    path = output or source.with_suffix(suffix)
    if path.suffix.lower() != suffix:
        raise SettingInvalid(f"{path} does not end in {suffix}.", f"Name it {path.with_suffix(suffix)}.")
    return path
