"""Turns a MIDI file into messages and the seconds at which to send them to a MIDI port.

The notes are those of `midi_score`, so that each one ends. Controllers, programs and pitch bends are the file's own.
System exclusive messages are left out: they can change the memory of a synthesizer for good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.meter import BarRange, seconds_at, steps_of_bars
from pianoroll_vae.music.midi import TICKS_PER_BEAT, assign_to_band, band_of
from pianoroll_vae.music.midi_messages import CONTROL_CHANGE, KEY_PRESSURE, NOTE_OFF, NOTE_ON, SYSEX
from pianoroll_vae.music.source_midi import SourceMidi

LEAD_SECONDS = 0.25
"""Between the programs and controllers of the beginning and the first note: synthesizers need time to load a sound."""

CLOCKS_PER_BEAT = 24
CLOCKS_PER_POSITION = 6
"""A song position counts sixteenths."""

START_LEAD_SECONDS = 0.002
"""Between start and the first clock, which counts as the beginning; the MIDI specification asks for at least 0.001."""

CLOCK, START, CONTINUE, STOP, SONG_POSITION = 0xF8, 0xFA, 0xFB, 0xFC, 0xF2
"""Status bytes of messages to the whole system."""

_OFFS, _SETTINGS, _CLOCKS, _ONSETS = range(4)
"""The order of messages of one instant: a repeated note ends before it begins again."""

Event = tuple[float, int, bytes]
"""Step, order within an instant, message."""


@dataclass(frozen=True)
class Performance:
    """Messages in the order in which they are sent."""

    seconds: NDArray[np.float64]
    """(messages,): ascending, from 0."""

    messages: list[bytes]

    @property
    def length_seconds(self) -> float:
        return float(self.seconds.max(initial=0.0))


def performance(source_midi: SourceMidi, bars: BarRange | None = None, clock: bool = False) -> Performance:
    """The messages of a file, or of some of its bars with the programs and controllers that hold there.

    clock: send MIDI clock too, with a start at the first message and a stop at the end.
    """
    score = source_midi.score
    song = assign_to_band(score, band_of(score), TICKS_PER_BEAT)
    first, last = (0, song.steps) if bars is None else steps_of_bars(song, *bars)
    settings, changes = _settings(source_midi, first, last)
    events = _notes(source_midi, first, last) + changes
    if clock:
        events += [(step, _CLOCKS, bytes([CLOCK])) for step in _clock_steps(first, last)]
    events.sort(key=lambda event: event[:2])
    lead = LEAD_SECONDS if settings else 0.0
    steps = np.array([step for step, _, _ in events])
    seconds = seconds_at(song, steps) - seconds_at(song, first) + lead
    sent = [(0.0, message) for message in settings]
    sent += zip(seconds.tolist(), (message for _, _, message in events), strict=True)
    if clock:
        end = float(seconds_at(song, last) - seconds_at(song, first)) + lead
        begin = max(lead - START_LEAD_SECONDS, 0.0)
        sent += [(begin, message) for message in _begin(first)] + [(end, bytes([STOP]))]
        sent.sort(key=lambda entry: entry[0])
    return Performance(np.array([at for at, _ in sent]), [message for _, message in sent])


def _notes(source_midi: SourceMidi, first: float, last: float) -> list[Event]:
    """The notes that begin between two steps; those that sound at the last one end there."""
    score = source_midi.score
    scale = TICKS_PER_BEAT / score.ticks_per_beat
    start, end = score.start * scale, np.maximum(score.end, score.start + 1) * scale
    inside = (start >= first) & (start < last)
    columns = (score.channel, score.pitch, score.velocity, start, np.minimum(end, last))
    events: list[Event] = []
    for channel, pitch, velocity, begin, stop in zip(*(column[inside].tolist() for column in columns), strict=True):
        events.append((begin, _ONSETS, bytes([NOTE_ON | channel, pitch, velocity])))
        events.append((stop, _OFFS, bytes([NOTE_OFF | channel, pitch, 64])))
    return events


def _settings(source_midi: SourceMidi, first: float, last: float) -> tuple[list[bytes], list[Event]]:
    """The programs, controllers and bends that hold at the first step, and the changes after it."""
    scale = TICKS_PER_BEAT / source_midi.score.ticks_per_beat
    entries = [(tick * scale, event) for track in source_midi.tracks for tick, event in track]
    held: dict[bytes, bytes] = {}
    changes: list[Event] = []
    for step, event in sorted(entries, key=lambda entry: entry[0]):
        if not KEY_PRESSURE <= event[0] < SYSEX or step >= last:
            continue
        message = event[:1] + bytes(byte & 0x7F for byte in event[1:])
        if step > first:
            changes.append((step, _SETTINGS, message))
        elif message[0] >= CONTROL_CHANGE:
            what = message[:2] if message[0] < CONTROL_CHANGE + 16 else message[:1]
            held.pop(what, None)  # so that the last setting stands where it was made: bank before program
            held[what] = message
    return list(held.values()), changes


def _clock_steps(first: float, last: float) -> NDArray[np.float64]:
    """The steps of a clock that counts from the beginning of the song."""
    length = TICKS_PER_BEAT / CLOCKS_PER_BEAT
    return np.arange(np.ceil(first / length), np.ceil(last / length), dtype=np.float64) * length


def _begin(first: float) -> list[bytes]:
    """Start, or the song position from which to continue."""
    position = round(first * CLOCKS_PER_BEAT / TICKS_PER_BEAT / CLOCKS_PER_POSITION)
    if position == 0:
        return [bytes([START])]
    position = min(position, 2**14 - 1)
    return [bytes([SONG_POSITION, position & 0x7F, position >> 7]), bytes([CONTINUE])]
