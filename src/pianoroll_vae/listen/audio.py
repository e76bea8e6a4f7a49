"""Synthesises songs with a soundfont and writes them as 16-bit stereo WAV, normalised to -1 dB."""

from __future__ import annotations

import math
import wave
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import symusic
from numpy.typing import NDArray

from pianoroll_vae.errors import FileUnreadable, SettingInvalid
from pianoroll_vae.listen.soundfont_copy import playable_copy
from pianoroll_vae.music.meter import seconds_at
from pianoroll_vae.music.midi import midi_bytes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.paths import is_file

SAMPLE_RATE = 44_100
PEAK = 10 ** (-1 / 20)
"""-1 dB below full scale, so that later rounding or resampling does not clip."""

RELEASE_SECONDS = 2.0
MAX_SECONDS = 3600.0
WHOLE_SECONDS = 600.0
"""A longer song is rendered in blocks, so that memory stays bounded."""

BLOCK_SECONDS = 60.0
"""About the length of a block."""

MAX_NOTE_SECONDS = 300.0
"""Seconds for which a note sounds, at most, in a song that is rendered in blocks."""

SAMPLES_PER_WRITE = 2**20

Samples = NDArray[np.float32]
"""(2, samples): left and right channel, -1 to 1."""

MAX_PITCH = 91
"""Far above this pitch loops of the bundled soundfont are shorter than a sample of output: with some programs (70 from
pitch 101 on, 38 from 102, 27 from 104) rendering never ends."""


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
    _check_length(song)
    # The synthesizer raises an error for a song without notes.
    if not len(song.notes):
        return np.zeros((2, round((song.seconds + RELEASE_SECONDS) * SAMPLE_RATE)), np.float32)
    score = symusic.Score.from_midi(midi_bytes(_extend_for_release(_transpose_high_notes(song)), programs))
    samples: Samples = _synthesizer(soundfont).render(score, stereo=True)
    return samples[:, : round((song.seconds + RELEASE_SECONDS) * SAMPLE_RATE)]


def blocks_of(song: Song) -> int:
    """In how many blocks `synthesise_blocks` renders a song."""
    return len(_block_edges(song)) - 1


def synthesise_blocks(song: Song, soundfont: Path) -> Iterator[Samples]:
    """The sound of `synthesise_raw` as consecutive blocks, which are rendered one after the other.

    A note belongs to the block in which it begins; what sounds after the block's end is added to the next ones.
    """
    _check_length(song)
    edges = _block_edges(song)
    if len(edges) == 2:
        yield synthesise_raw(song, soundfont)
        return
    begins = np.rint(seconds_at(song, edges) * SAMPLE_RATE).astype(np.int64)
    begins[-1] = round((song.seconds + RELEASE_SECONDS) * SAMPLE_RATE)
    rest = np.zeros((2, 0), np.float32)
    for (first, last), length in zip(pairwise(edges.tolist()), np.diff(begins).tolist(), strict=True):
        block = synthesise_raw(_block(song, first, last), soundfont)
        sound = np.zeros((2, max(length, block.shape[1], rest.shape[1])), np.float32)
        sound[:, : block.shape[1]] = block
        sound[:, : rest.shape[1]] += rest
        rest = sound[:, length:].copy()
        yield sound[:, :length]


def write_song(song: Song, soundfont: Path, file: BinaryIO, on_block: Callable[[], None] = lambda: None) -> int:
    """Write the sound of `synthesise` as a WAV, and return its number of samples. A song of several blocks is rendered
    twice, first to find its loudest sample; on_block: called after each block of both passes."""
    if blocks_of(song) == 1:
        samples = synthesise(song, soundfont)
        write_wav(samples, file)
        on_block()
        return int(samples.shape[1])
    length, loudest = 0, 0.0
    for block in synthesise_blocks(song, soundfont):
        length, loudest = length + block.shape[1], max(loudest, float(np.abs(block).max()))
        on_block()
    gain = PEAK / loudest if loudest > 0 else 1.0

    def scaled() -> Iterator[Samples]:
        for block in synthesise_blocks(song, soundfont):
            yield block * np.float32(gain)
            on_block()

    write_blocks(scaled(), file)
    return length


def write_wav(samples: Samples, file: BinaryIO) -> None:
    """Write (2, samples) between -1 and 1 as a WAV of 16 bits a sample."""
    write_blocks([samples], file)


def write_blocks(blocks: Iterable[Samples], file: BinaryIO) -> None:
    """Write blocks of (2, samples) one after the other as one WAV."""
    with wave.open(file, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLE_RATE)
        for samples in blocks:
            # In chunks, so that a block is not held in memory twice.
            for start in range(0, samples.shape[1], SAMPLES_PER_WRITE):
                chunk = samples[:, start : start + SAMPLES_PER_WRITE]
                writer.writeframesraw(np.rint(chunk.T * 32767).astype("<i2").tobytes())


def _check_length(song: Song) -> None:
    if song.seconds > MAX_SECONDS:
        raise SettingInvalid(
            f"The song lasts {song.seconds / 60:,.0f} minutes; at most 60 can be rendered.",
            "Render it in parts, with --bars.",
        )


def _block_edges(song: Song) -> NDArray[np.int64]:
    """(blocks + 1,): the steps at which blocks begin, on beats, and the end."""
    if song.seconds <= WHOLE_SECONDS:
        return np.array([0, song.steps])
    beats = np.arange(0, song.steps, song.steps_per_beat)
    inner = np.searchsorted(seconds_at(song, beats), np.arange(BLOCK_SECONDS, song.seconds, BLOCK_SECONDS))
    return np.unique([0, *beats[inner[inner < len(beats)]], song.steps])


def _block(song: Song, first: int, last: int) -> Song:
    """The notes that begin in [first, last) as a song that lasts until the last of them ends."""
    notes = song.notes[(song.notes.start >= first) & (song.notes.start < last)].shifted(-first)
    places = np.append(np.arange(first, song.steps, song.steps_per_beat), song.steps)
    heard_until = np.interp(seconds_at(song, first + notes.start) + MAX_NOTE_SECONDS, seconds_at(song, places), places)
    longest = np.maximum(heard_until - first - notes.start, 1)
    notes = replace(notes, length=np.minimum(notes.length, longest).astype(np.int32))
    steps = max(last - first, int(notes.end.max(initial=0)))
    return replace(song.between(first, first + steps), notes=notes, steps=steps)


def _transpose_high_notes(song: Song) -> Song:
    """Move pitched notes above `MAX_PITCH` down by octaves."""
    notes = song.notes
    pitched = ~song.band.drums[notes.instrument]
    octaves = np.maximum(notes.pitch.astype(np.int64) - MAX_PITCH + 11, 0) // 12 * pitched
    if not octaves.any():
        return song
    pitch = notes.pitch - 12 * octaves
    return replace(song, notes=Notes.tidy(notes.instrument, pitch, notes.start, notes.length, notes.velocity))


def _extend_for_release(song: Song) -> Song:
    """Add a quiet note to each part that plays, two seconds after the end, cut off again later.

    The synthesizer stops where the last note ends. A part's last note can be a sample longer than its part: the part
    is then made longer with whatever lies in memory. Before these quiet notes no such sample is heard.
    """
    bpm = song.tempo[-1][1]
    end = song.steps + math.ceil(RELEASE_SECONDS * bpm / 60 * song.steps_per_beat)
    parts = np.unique(song.notes.instrument)
    last = Notes.tidy(parts, *(np.full(len(parts), value) for value in (60, end, 1, 1)))
    return replace(song, notes=Notes.concatenate([song.notes, last]), steps=end + 1)


def _synthesizer(soundfont: Path) -> Any:
    copy = playable_copy(soundfont)
    try:
        return symusic.Synthesizer(str(copy), SAMPLE_RATE)
    except RuntimeError as problem:
        raise FileUnreadable(
            f"{soundfont} is damaged: {problem}.", "Name another soundfont: --soundfont FILE.sf2."
        ) from None
