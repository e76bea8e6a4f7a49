"""Synthesises a MIDI file to a WAV file."""

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from pianoroll_vae.console import Watch
from pianoroll_vae.desk.midi_input import open_song, output_for
from pianoroll_vae.desk.overwriting import remember_written
from pianoroll_vae.listen.audio import SAMPLE_RATE, default_soundfont, synthesise, write_wav
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.midi import TICKS_PER_BEAT
from pianoroll_vae.workspace import wrap_write_errors, writing


@dataclass(frozen=True)
class RenderReport:
    audio: Path
    soundfont: Path
    seconds: float
    took: float


def run(
    source: Path,
    output: Path | None,
    soundfont: Path | None,
    bars: BarRange | None = None,
    salvage: bool = False,
    watch: Watch | None = None,
    force: bool = False,
) -> RenderReport:
    """Write a WAV with the file's own programs. Times are in MIDI ticks, without rounding to a recipe's grid."""
    began = perf_counter()
    audio = output_for(source, output, ".wav", force)
    soundfont = soundfont or default_soundfont()
    samples = synthesise(open_song(source, None, bars, TICKS_PER_BEAT, salvage, watch), soundfont)
    with writing(audio) as part, wrap_write_errors(audio), part.open("wb") as file:
        write_wav(samples, file)
    remember_written(audio)
    return RenderReport(audio, soundfont, samples.shape[1] / SAMPLE_RATE, perf_counter() - began)
