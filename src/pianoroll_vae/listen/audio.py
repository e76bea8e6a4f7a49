"""Songs as sound: synthesised with a soundfont, normalised, and packed as a WAV of 16 bits in stereo.

Knows nothing of workspaces, and of files only the soundfont.
"""

from __future__ import annotations

import math
import wave
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import symusic
from numpy.typing import NDArray

from pianoroll_vae.errors import FileUnreadable, SettingInvalid
from pianoroll_vae.music.band import Band, Instrument
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song

SAMPLE_RATE = 44_100
PEAK = 10 ** (-1 / 20)
"""-1 dB below full scale: what is rounded or resampled later still does not clip."""

RING_SECONDS = 2.0
LONGEST_SECONDS = 3600.0
SAMPLES_AT_A_TIME = 2**20

Samples = NDArray[np.float32]
"""(2, samples): left and right."""

HIGHEST_PITCH = 91
"""Far above it the synthesizer reads beyond the installed soundfont's samples: it sounds a little different each time,
and with some programs (70 from pitch 101 on, 38 from 102, 27 from 104) never comes to an end."""


def installed_soundfont() -> Path:
    """The small General MIDI soundfont that comes with the package pretty_midi."""
    package = find_spec("pretty_midi")
    for folder in (package.submodule_search_locations or []) if package else []:
        soundfont = Path(folder) / "TimGM6mb.sf2"
        if soundfont.is_file():
            return soundfont
    raise FileUnreadable(
        "No soundfont is installed: pretty_midi does not bring TimGM6mb.sf2.",
        "Install pretty_midi 0.2.11 or later, or name a soundfont: --soundfont FILE.sf2.",
    )


def synthesise(song: Song, soundfont: Path, programs: Mapping[str, int] | None = None) -> Samples:
    """The song as it sounds, with two seconds for the last notes to ring; its loudest sample is at -1 dB."""
    if song.seconds > LONGEST_SECONDS:
        raise SettingInvalid(
            f"The song lasts {song.seconds / 60:,.0f} minutes; an hour is the most.", "Render it in parts, with --bars."
        )
    # With nothing to play the synthesizer refuses; silence needs none.
    if not len(song.notes):
        return np.zeros((2, round((song.seconds + RING_SECONDS) * SAMPLE_RATE)), np.float32)
    score = symusic.Score.from_midi(midi_bytes(_with_time_to_ring(_within_reach(song)), programs))
    samples: Samples = _synthesizer(soundfont).render(score, stereo=True)
    samples = samples[:, : round((song.seconds + RING_SECONDS) * SAMPLE_RATE)]
    loudest = float(max(samples.max(), -samples.min()))
    if loudest > 0:
        samples *= PEAK / loudest
    return samples


def write_wav(samples: Samples, file: BinaryIO) -> None:
    """Write (2, samples) between -1 and 1 as a WAV of 16 bits a sample."""
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        # Piece by piece: an hour of samples need not stand in memory twice.
        for start in range(0, samples.shape[1], SAMPLES_AT_A_TIME):
            piece = samples[:, start : start + SAMPLES_AT_A_TIME]
            writer.writeframesraw(np.rint(piece.T * 32767).astype("<i2").tobytes())


def _within_reach(song: Song) -> Song:
    """The song with what lies above the synthesizer's reach an octave or two lower."""
    notes = song.notes
    pitched = ~np.array([instrument.is_drum for instrument in song.band])[notes.instrument]
    octaves = np.maximum(notes.pitch.astype(np.int64) - HIGHEST_PITCH + 11, 0) // 12 * pitched
    if not octaves.any():
        return song
    pitch = notes.pitch - 12 * octaves
    return replace(song, notes=Notes.tidy(notes.instrument, pitch, notes.start, notes.length, notes.velocity))


def _with_time_to_ring(song: Song) -> Song:
    """The song and, after two seconds, a note to be cut off again: the synthesizer stops where the last note ends."""
    bpm = song.tempo[-1][1]
    end = song.steps + math.ceil(RING_SECONDS * bpm / 60 * song.steps_per_beat)
    last = Notes.tidy([len(song.band)], [60], [end], [1], [1])
    band = Band(song.band.name, (*song.band.instruments, Instrument("after the end", 0)), song.band.lead)
    return replace(song, band=band, notes=Notes.concatenate([song.notes, last]), steps=end + 1)


def _synthesizer(soundfont: Path) -> Any:
    try:
        with soundfont.open("rb") as file:
            head = file.read(12)
    except OSError as problem:
        raise FileUnreadable(f"{soundfont} cannot be read: {problem.strerror}.", "Name another --soundfont.") from None
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise FileUnreadable(f"{soundfont} is not a soundfont.", "Name a soundfont of version 2: --soundfont FILE.sf2.")
    try:
        return symusic.Synthesizer(str(soundfont), SAMPLE_RATE)
    except RuntimeError as problem:
        raise FileUnreadable(f"{soundfont} is damaged: {problem}.", "Name another --soundfont.") from None
