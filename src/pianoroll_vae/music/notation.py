"""Brings a song to what can be written in a score: note values on the grid of each beat, chords, voices and ties.

A beat is divided into sixteenths or into triplets, whichever is nearer to its onsets. Notes that begin and end together
are a chord; notes that overlap stand in several voices.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.meter import bar_starts
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.song import Song

BEAT = FINE_STEPS_PER_BEAT
SIXTEENTH, TRIPLET = BEAT // 4, BEAT // 3
MAX_VOICES = 4
"""Of one staff, as notation programs have them."""

WHOLE_BEATS = (4 * BEAT, 3 * BEAT, 2 * BEAT, BEAT)
SINGLE = (*WHOLE_BEATS, 3 * BEAT // 2, 3 * BEAT // 4, BEAT // 2, SIXTEENTH)
"""Lengths that one symbol writes, in steps."""


@dataclass(frozen=True)
class Bar:
    """Steps from `start` on, and for each beat whether it is divided into triplets."""

    start: int
    length: int
    triplet: tuple[bool, ...]


@dataclass(frozen=True)
class Symbol:
    """A chord, a note, or without pitches a rest, of one note value."""

    length: int
    pitches: tuple[int, ...] = ()
    triplet: bool = False
    tied_back: bool = False
    tied_on: bool = False


@dataclass
class Chord:
    """Notes that begin and end together."""

    start: int
    end: int
    pitches: list[int]


def read_bars(song: Song) -> list[Bar]:
    """The bars of a song on a grid of `BEAT` steps a beat."""
    starts = np.append(bar_starts(song), song.steps).round().astype(np.int64)
    lengths = np.diff(starts)
    beats = -(-lengths // BEAT)
    first = np.concatenate([[0], np.cumsum(beats)])
    bar = np.clip(np.searchsorted(starts, song.notes.start, side="right") - 1, 0, max(len(lengths) - 1, 0))
    place = song.notes.start - starts[bar]
    beat, inside = first[bar] + place // BEAT, place % BEAT
    cost = [
        np.bincount(beat, np.abs(inside - grid * np.rint(inside / grid)), int(first[-1]))
        for grid in (SIXTEENTH, TRIPLET)
    ]
    triplet = (cost[1] < cost[0])[: int(first[-1])]
    bars = []
    for number, (start, length) in enumerate(zip(starts.tolist(), lengths.tolist(), strict=False)):
        own = triplet[first[number] : first[number + 1]].tolist()
        whole = [divided and (place + 1) * BEAT <= length for place, divided in enumerate(own)]
        bars.append(Bar(start, length, tuple(whole)))
    return bars


def snap_to_bars(notes: Notes, bars: Sequence[Bar]) -> Notes:
    """The notes with their starts and ends on the grids of the beats, and at least as long as one division."""
    lines = np.array([*_lines(bars), bars[-1].start + bars[-1].length], np.int64)
    start = _nearest(lines[:-1], notes.start)
    after = lines[np.minimum(np.searchsorted(lines, start, side="right"), len(lines) - 1)]
    end = np.maximum(_nearest(lines, notes.end), after)
    return Notes.tidy(notes.instrument, notes.pitch, start, end - start, notes.velocity)


def hits(notes: Notes, bars: Sequence[Bar]) -> Notes:
    """Notes of drums, each as long as until the next hit or the end of its beat."""
    if not len(notes):
        return notes
    starts = np.array([bar.start for bar in bars])
    onsets = np.unique(notes.start)
    following = np.append(onsets[1:], onsets[-1] + BEAT)[np.searchsorted(onsets, notes.start)]
    bar = np.searchsorted(starts, notes.start, side="right") - 1
    ends = np.array([bar.start + bar.length for bar in bars])
    beat_end = notes.start + BEAT - (notes.start - starts[bar]) % BEAT
    end = np.minimum(np.minimum(following, beat_end), ends[bar])
    return Notes.tidy(notes.instrument, notes.pitch, notes.start, end - notes.start, notes.velocity)


def _lines(bars: Sequence[Bar]) -> Iterator[int]:
    """The steps on which notes may begin: sixteenths, or triplets in beats of triplets."""
    for bar in bars:
        for beat, triplet in enumerate(bar.triplet):
            begin = bar.start + beat * BEAT
            yield from range(begin, min(begin + BEAT, bar.start + bar.length), TRIPLET if triplet else SIXTEENTH)


def _nearest(lines: NDArray[np.int64], steps: NDArray[np.int32]) -> NDArray[np.int64]:
    """For each step the nearest of the lines, which ascend."""
    after = np.clip(np.searchsorted(lines, steps), 1, len(lines) - 1)
    before = lines[after - 1]
    return np.where(steps - before <= lines[after] - steps, before, lines[after])


def voices(notes: Notes) -> list[list[Chord]]:
    """The notes of one staff as chords in at most `MAX_VOICES` voices, each without overlaps. A chord that finds no
    voice cuts the one that ends first."""
    chords: dict[tuple[int, int], list[int]] = {}
    for start, end, pitch in zip(notes.start.tolist(), notes.end.tolist(), notes.pitch.tolist(), strict=True):
        chords.setdefault((start, end), []).append(pitch)
    found: list[list[Chord]] = []
    for (start, end), pitches in sorted(chords.items(), key=lambda chord: (chord[0][0], -chord[0][1])):
        chord = Chord(start, end, sorted(pitches))
        free = next((voice for voice in found if voice[-1].end <= start), None)
        if free is not None:
            free.append(chord)
        elif len(found) < MAX_VOICES:
            found.append([chord])
        else:
            _add_overlapping(min(found, key=lambda voice: voice[-1].end), chord)
    return found


def _add_overlapping(voice: list[Chord], chord: Chord) -> None:
    """Add a chord to a voice that still sounds: to the last chord where both begin together, else the last one ends."""
    last = voice[-1]
    if last.start == chord.start:
        last.pitches = sorted({*last.pitches, *chord.pitches})
    else:
        last.end = chord.start
        voice.append(chord)


def write_voice(voice: Sequence[Chord], bars: Sequence[Bar]) -> list[list[Symbol]]:
    """The symbols of each bar, rests too; none for a bar in which the voice is silent."""
    written: list[list[Symbol]] = []
    first = 0
    for bar in bars:
        end = bar.start + bar.length
        symbols: list[Symbol] = []
        now = bar.start
        while first < len(voice) and voice[first].end <= bar.start:
            first += 1
        for number in range(first, len(voice)):
            chord = voice[number]
            if chord.start >= end:
                break
            begin, stop = max(chord.start, bar.start), min(chord.end, end)
            symbols += [Symbol(length, triplet=triplet) for length, triplet in _values(now, begin, bar)]
            symbols += _tied(chord, begin, stop, bar)
            now = stop
        if symbols:
            symbols += [Symbol(length, triplet=triplet) for length, triplet in _values(now, end, bar)]
        written.append(symbols)
    return written


def _tied(chord: Chord, begin: int, stop: int, bar: Bar) -> Iterator[Symbol]:
    now = begin
    for length, triplet in _values(begin, stop, bar):
        back, on = now > chord.start, now + length < chord.end
        yield Symbol(length, tuple(chord.pitches), triplet, back, on)
        now += length


def _values(begin: int, end: int, bar: Bar) -> Iterator[tuple[int, bool]]:
    """Note values from one step to another within a bar: length, and whether it is part of a triplet."""
    now, end = begin - bar.start, end - bar.start
    while now < end:
        beat, inside = divmod(now, BEAT)
        left = end - now
        if not any(bar.triplet[beat : (end - 1) // BEAT + 1]) and left in SINGLE:
            length = left
        elif not inside and left >= BEAT:
            length = next(value for value in WHOLE_BEATS if value <= left)
        else:
            length = min(left, BEAT - inside)
        yield length, bar.triplet[beat] and length < BEAT
        now += length
