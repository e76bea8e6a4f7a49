"""Splits a MIDI file into its parts, a file for each: what one track plays on one channel."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.band import LPD17
from pianoroll_vae.music.midi_events import read_number
from pianoroll_vae.music.midi_messages import (
    KEY_SIGNATURE,
    MARKER,
    META,
    SYSEX,
    TEMPO,
    TIME_SIGNATURE,
    TRACK_NAME,
    meta_message,
)
from pianoroll_vae.music.midi_meta import name_of_text
from pianoroll_vae.music.midi_tracks import file_bytes, keep_notes
from pianoroll_vae.music.source_midi import SourceMidi

OF_THE_SONG = (MARKER, TEMPO, TIME_SIGNATURE, KEY_SIGNATURE)
"""Kinds of meta events that every stem has."""

MAX_NAME_LENGTH = 60


@dataclass(frozen=True, eq=False)
class Part:
    """What one track plays on one channel."""

    name: str
    track: int
    channel: int
    notes: NDArray[np.bool_]
    """(notes,): which of the file's notes."""


@dataclass(frozen=True)
class Stem:
    """One part of a song, and its MIDI file."""

    name: str
    midi: bytes


def split_stems(source_midi: SourceMidi) -> list[Stem]:
    """The parts in the order of the file's tracks; equal names are numbered."""
    parts = split_parts(source_midi)
    return [Stem(part.name, _stem_midi(source_midi, part)) for part in parts]


def split_parts(source_midi: SourceMidi) -> list[Part]:
    """The parts in the order of the file's tracks; equal names are numbered."""
    place = source_midi.track * 16 + source_midi.score.channel
    parts: list[Part] = []
    given: Counter[str] = Counter()
    for each in np.unique(place).tolist():
        track, channel = divmod(each, 16)
        name = _name(source_midi, track, place == each)
        given[name] += 1
        numbered = f"{name} {given[name]}" if given[name] > 1 else name
        parts.append(Part(numbered, track, channel, place == each))
    return parts


def _stem_midi(source_midi: SourceMidi, part: Part) -> bytes:
    """The notes and messages of the part, with tempo, meter, key and markers of the whole file."""
    kept = keep_notes(source_midi.tracks, part.notes, {part.channel})
    head, own = [], [(0, meta_message(TRACK_NAME, part.name.encode()))]
    for number, events in enumerate(kept):
        for tick, event in events:
            if event[0] == META and event[1] in OF_THE_SONG:
                head.append((tick, event))
            elif event[0] < SYSEX or (number == part.track and event[:2] != bytes([META, TRACK_NAME])):
                own.append((tick, event))
    in_order = [sorted(events, key=lambda entry: entry[0]) for events in (head, own)]
    return file_bytes([events for events in in_order if events], source_midi.score.ticks_per_beat)


def _name(source_midi: SourceMidi, track: int, own: NDArray[np.bool_]) -> str:
    """That of the track if all its notes are of this part, else that of the instrument's family."""
    if (source_midi.track == track).sum() == own.sum():
        wanted = bytes([META, TRACK_NAME])
        names = [event[read_number(event, 2)[1] :] for _, event in source_midi.tracks[track] if event[:2] == wanted]
        name = name_of_text(names[0]) if names else ""
        if name:
            return name[:MAX_NAME_LENGTH]
    score = source_midi.score
    program, is_drum = int(np.bincount(score.program[own]).argmax()), bool(score.is_drum[own].any())
    instrument = LPD17.instrument_for(program, is_drum)
    return (LPD17.names[instrument] if instrument is not None else f"Program {program}").capitalize()
