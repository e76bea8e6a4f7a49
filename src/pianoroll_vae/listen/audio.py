"""Synthesises songs with a soundfont and writes them as 16-bit stereo WAV, normalised to -1 dB."""

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
from pianoroll_vae.listen.soundfont import check_soundfont
from pianoroll_vae.music.band import Band, Instrument
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.paths import is_file

SAMPLE_RATE = 44_100
PEAK = 10 ** (-1 / 20)
"""-1 dB below full scale, so that later rounding or resampling does not clip."""

RELEASE_SECONDS = 2.0
MAX_SECONDS = 3600.0
SAMPLES_PER_WRITE = 2**20

Samples = NDArray[np.float32]
"""(2, samples): left and right channel, -1 to 1."""

MAX_PITCH = 91
"""Far above this pitch the synthesizer reads beyond the bundled soundfont's samples: the output differs from run to
run, and with some programs (70 from pitch 101 on, 38 from 102, 27 from 104) rendering never ends."""


def default_soundfont() -> Path:
    """Path of the General MIDI soundfont in the package pretty_midi."""
    package = find_spec("pretty_midi")
    for folder in (package.submodule_search_locations or []) if package else []:
        soundfont = Path(folder) / "TimGM6mb.sf2"
        if is_file(soundfont):
            return soundfont
    raise FileUnreadable(
        "No soundfont is installed: TimGM6mb.sf2 is not in the package pretty_midi.",
        "Install pretty_midi 0.2.11 or later, or name a soundfont: --soundfont FILE.sf2.",
    )


def synthesise(song: Song, soundfont: Path, programs: Mapping[str, int] | None = None) -> Samples:
    """Render the song and two seconds for the release of the last notes; the loudest sample is at -1 dB."""
    samples = synthesise_raw(song, soundfont, programs)
    loudest = float(max(samples.max(), -samples.min()))
    if loudest > 0:
        samples *= PEAK / loudest
    return samples


def synthesise_raw(song: Song, soundfont: Path, programs: Mapping[str, int] | None = None) -> Samples:
    """As `synthesise`, in the loudness of the synthesizer: parts of a song that are rendered alone add up to it."""
    if song.seconds > MAX_SECONDS:
        raise SettingInvalid(
            f"The song lasts {song.seconds / 60:,.0f} minutes; at most 60 can be rendered.",
            "Render it in parts, with --bars.",
        )
    # The synthesizer raises an error for a song without notes.
    if not len(song.notes):
        return np.zeros((2, round((song.seconds + RELEASE_SECONDS) * SAMPLE_RATE)), np.float32)
    score = symusic.Score.from_midi(midi_bytes(_extend_for_release(_transpose_high_notes(song)), programs))
    samples: Samples = _synthesizer(soundfont).render(score, stereo=True)
    return samples[:, : round((song.seconds + RELEASE_SECONDS) * SAMPLE_RATE)]


def write_wav(samples: Samples, file: BinaryIO) -> None:
    """Write (2, samples) between -1 and 1 as a WAV of 16 bits a sample."""
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        # In chunks, so that an hour of samples is not held in memory twice.
        for start in range(0, samples.shape[1], SAMPLES_PER_WRITE):
            chunk = samples[:, start : start + SAMPLES_PER_WRITE]
            writer.writeframesraw(np.rint(chunk.T * 32767).astype("<i2").tobytes())


def _transpose_high_notes(song: Song) -> Song:
    """Move pitched notes above `MAX_PITCH` down by octaves."""
    notes = song.notes
    pitched = ~np.array([instrument.is_drum for instrument in song.band])[notes.instrument]
    octaves = np.maximum(notes.pitch.astype(np.int64) - MAX_PITCH + 11, 0) // 12 * pitched
    if not octaves.any():
        return song
    pitch = notes.pitch - 12 * octaves
    return replace(song, notes=Notes.tidy(notes.instrument, pitch, notes.start, notes.length, notes.velocity))


def _extend_for_release(song: Song) -> Song:
    """Add a quiet note after two seconds, cut off again later: the synthesizer stops where the last note ends."""
    bpm = song.tempo[-1][1]
    end = song.steps + math.ceil(RELEASE_SECONDS * bpm / 60 * song.steps_per_beat)
    last = Notes.tidy([len(song.band)], [60], [end], [1], [1])
    band = Band(song.band.name, (*song.band.instruments, Instrument("release", 0)), song.band.lead)
    return replace(song, band=band, notes=Notes.concatenate([song.notes, last]), steps=end + 1)


def _synthesizer(soundfont: Path) -> Any:
    check_soundfont(soundfont)
    try:
        return symusic.Synthesizer(str(soundfont), SAMPLE_RATE)
    except RuntimeError as problem:
        raise FileUnreadable(
            f"{soundfont} is damaged: {problem}.", "Name another soundfont: --soundfont FILE.sf2."
        ) from None
