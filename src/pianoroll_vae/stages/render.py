"""Synthesises a MIDI file to a WAV file, or each of its parts to a WAV and a MIDI file of their own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from pianoroll_vae.atomic_files import wrap_write_errors, write_bytes, writing
from pianoroll_vae.desk.midi_input import open_song, open_source, output_for
from pianoroll_vae.desk.overwriting import check_replaceable, remember_written
from pianoroll_vae.errors import NothingFound, SettingInvalid
from pianoroll_vae.listen.audio import (
    PEAK,
    SAMPLE_RATE,
    Samples,
    blocks_of,
    default_soundfont,
    synthesise_blocks,
    write_blocks,
    write_song,
)
from pianoroll_vae.music.count_in import with_count_in
from pianoroll_vae.music.meter import BarRange
from pianoroll_vae.music.midi import TICKS_PER_BEAT, assign_to_band, band_of, midi_bytes
from pianoroll_vae.music.midi_score import parse_score
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.music.stems import split_stems
from pianoroll_vae.progress import SilentWatch, Watch

STEMS = "_stems"
"""Ends the name of the folder of a song's stems."""


@dataclass(frozen=True)
class RenderReport:
    audio: Path
    soundfont: Path
    seconds: float
    took: float

    def as_dict(self) -> dict[str, Any]:
        return {"audio": str(self.audio), "soundfont": str(self.soundfont), "seconds": round(self.seconds, 2)}


@dataclass(frozen=True)
class StemsReport:
    folder: Path
    names: tuple[str, ...]
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        return {"folder": str(self.folder), "stems": list(self.names), "seconds": round(self.seconds, 2)}


def run(
    source: Path,
    output: Path | None,
    soundfont: Path | None,
    bars: BarRange | None = None,
    salvage: bool = False,
    watch: Watch | None = None,
    force: bool = False,
    click: bool = False,
) -> RenderReport:
    """Write a WAV with the file's own programs. Times are in MIDI ticks, without rounding to a recipe's grid.

    click: whether a bar of clicks comes first.
    """
    began = perf_counter()
    audio = output_for(source, output, ".wav", force)
    soundfont = soundfont or default_soundfont()
    song = open_song(source, None, bars, TICKS_PER_BEAT, salvage, watch)
    if click:
        song = _song_of(with_count_in(SourceMidi.from_bytes(midi_bytes(song), song.band)))
    blocks = blocks_of(song)
    passes = 1 if blocks == 1 else 2
    with (
        (watch or SilentWatch()).task("Rendering", passes * blocks, "blocks") as task,
        writing(audio) as part,
        wrap_write_errors(audio),
        part.open("wb") as file,
    ):
        samples = write_song(song, soundfont, file, task.advance)
    remember_written(audio)
    return RenderReport(audio, soundfont, samples / SAMPLE_RATE, perf_counter() - began)


def run_stems(
    source: Path,
    folder: Path | None,
    soundfont: Path | None,
    salvage: bool,
    watch: Watch,
    force: bool = False,
    click: bool = False,
) -> StemsReport:
    """Write a WAV and a MIDI file for each part of the song, which begin together and are equally long; the sound of
    all parts together is that of the whole song."""
    folder = folder or source.with_name(source.stem + STEMS)
    if folder.suffix.lower() in (".wav", ".mid"):
        raise SettingInvalid(
            f"{folder} is no folder.", f"Name a folder for the stems: -o {folder.with_suffix('')}{STEMS}"
        )
    soundfont = soundfont or default_soundfont()
    source_midi = open_source(source, salvage=salvage, watch=watch, in_bars=False)
    if not len(source_midi.score):
        raise NothingFound(f"{source} has no notes, so it has no stems.", "Name a MIDI file with notes.")
    if click:
        source_midi = SourceMidi.from_bytes(with_count_in(source_midi))
    stems = split_stems(source_midi)
    paths = [folder / f"{number:02} {_file_name(stem.name)}.wav" for number, stem in enumerate(stems, 1)]
    check_replaceable((path.with_suffix(suffix) for path in paths for suffix in (".wav", ".mid")), force)
    whole = assign_to_band(source_midi.score, band_of(source_midi.score), TICKS_PER_BEAT)
    with watch.task("Rendering", blocks_of(whole) * (1 + len(stems)), "blocks") as task:
        loudest, length = 0.0, 0
        for block in synthesise_blocks(whole, soundfont):
            loudest, length = max(loudest, float(np.abs(block).max())), length + block.shape[1]
            task.advance()
        gain = PEAK / max(loudest, 1e-9)
        for path, stem in zip(paths, stems, strict=True):
            song = replace(_song_of(stem.midi), steps=whole.steps)
            _write(_stem_blocks(song, soundfont, gain, length, task.advance), path)
            write_bytes(path.with_suffix(".mid"), stem.midi)
            remember_written(path.with_suffix(".mid"))
    return StemsReport(folder, tuple(path.stem for path in paths), length / SAMPLE_RATE)


def _stem_blocks(
    song: Song, soundfont: Path, gain: float, length: int, on_block: Callable[[], None]
) -> Iterator[Samples]:
    """The sound of a stem, of `length` samples in all."""
    for block in synthesise_blocks(song, soundfont):
        yield np.clip(gain * block[:, :length], -1, 1)
        length -= min(block.shape[1], length)
        on_block()
    yield np.zeros((2, length), np.float32)


def _song_of(midi: bytes) -> Song:
    score = parse_score(midi)
    return assign_to_band(score, band_of(score), TICKS_PER_BEAT)


def _write(blocks: Iterator[Samples], path: Path) -> None:
    with writing(path) as part, wrap_write_errors(path), part.open("wb") as file:
        write_blocks(blocks, file)
    remember_written(path)


def _file_name(name: str) -> str:
    """The name without what a file's name may not have."""
    return "".join(letter if letter.isalnum() or letter in " -_()" else "_" for letter in name)
