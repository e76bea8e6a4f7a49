"""Splits a MIDI file into its parts, a file for each: what one track plays on one channel."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.band import LPD17
from pianoroll_vae.music.count_in import CLICK
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
from pianoroll_vae.music.program_names import PROGRAM_NAMES
from pianoroll_vae.music.source_midi import SourceMidi

OF_THE_SONG = (MARKER, TEMPO, TIME_SIGNATURE, KEY_SIGNATURE)
"""Kinds of meta events that every stem has."""

MAX_NAME_LENGTH = 60

STRING_ENSEMBLES = range(48, 52)
"""Programs that General MIDI counts among the ensembles, and everybody else among the strings."""


@dataclass(frozen=True, eq=False)
class Part:
    """What one track plays on one channel."""

    name: str
    """That of the track if all its notes are of this part; else that of the instrument, or of its program where several
    parts have one instrument. Equal names are numbered."""

    instrument: str
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
    """The parts in the order of the tracks, named by their instruments; several of one instrument, by their tracks."""
    parts = split_parts(source_midi)
    playing = Counter(part.instrument for part in parts)
    names = [part.instrument if playing[part.instrument] == 1 else part.name for part in parts]
    return [Stem(name, _stem_midi(source_midi, part)) for name, part in zip(names, parts, strict=True)]


def split_parts(source_midi: SourceMidi) -> list[Part]:
    """The parts in the order of the file's tracks."""
    place = source_midi.track * 16 + source_midi.score.channel
    owns = [place == each for each in np.unique(place)]
    instruments = [_instrument_name(source_midi, own) for own in owns]
    playing = Counter(instruments)
    parts: list[Part] = []
    given: Counter[str] = Counter()
    for own, instrument in zip(owns, instruments, strict=True):
        track, channel = divmod(int(place[own][0]), 16)
        name = _track_name(source_midi, track, own)
        name = name or (instrument if playing[instrument] == 1 else _program_name(source_midi, own))
        given[name] += 1
        parts.append(Part(_numbered(name, given[name]), CLICK if name == CLICK else instrument, track, channel, own))
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


def _track_name(source_midi: SourceMidi, track: int, own: NDArray[np.bool_]) -> str:
    """Empty where other parts have notes in the track, and where it has no name."""
    if (source_midi.track == track).sum() != own.sum():
        return ""
    wanted = bytes([META, TRACK_NAME])
    names = [event[read_number(event, 2)[1] :] for _, event in source_midi.tracks[track] if event[:2] == wanted]
    return name_of_text(names[0])[:MAX_NAME_LENGTH] if names else ""


def _instrument_name(source_midi: SourceMidi, own: NDArray[np.bool_]) -> str:
    """That of its family in General MIDI."""
    program, is_drum = _program(source_midi, own)
    if program in STRING_ENSEMBLES and not is_drum:
        return "Strings"
    instrument = LPD17.instrument_for(program, is_drum)
    return (LPD17.names[instrument] if instrument is not None else f"Program {program}").capitalize()


def _program_name(source_midi: SourceMidi, own: NDArray[np.bool_]) -> str:
    program, is_drum = _program(source_midi, own)
    return "Drums" if is_drum else PROGRAM_NAMES[program]


def _numbered(name: str, number: int) -> str:
    if number == 1:
        return name
    return f"{name} ({number})" if name[-1].isdigit() else f"{name} {number}"


def _program(source_midi: SourceMidi, own: NDArray[np.bool_]) -> tuple[int, bool]:
    """The program of most of the notes, and whether they are drums."""
    score = source_midi.score
    return int(np.bincount(score.program[own]).argmax()), bool(score.is_drum[own].any())
