"""Changes single notes and programs of a MIDI file; everything else in it stays as it is.

A new note goes into the track and channel where its instrument plays already, so that a song that is edited often does
not gain a track each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.midi_messages import NOTE_OFF, NOTE_ON, chunk
from pianoroll_vae.music.midi_score import LONGEST_BEATS
from pianoroll_vae.music.midi_tracks import Track, keep_notes, track_chunk
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.resolution import FINE_STEPS_PER_BEAT
from pianoroll_vae.music.source_midi import SourceMidi
from pianoroll_vae.studio.fields import Fields

LAST_TICK = 2**27
"""Below the largest time that MIDI can write."""


@dataclass(frozen=True)
class NewNote:
    """A note to be added; its times are ticks of the file."""

    instrument: str
    pitch: int
    start: int
    length: int
    velocity: int


def parse_edit(fields: Fields, instruments: Sequence[str]) -> tuple[list[int], list[NewNote], dict[str, int]]:
    """The notes to remove, the notes to add and the programs of a request."""
    remove = [Fields.of({"remove": number}, "remove").integer("remove", 0, 10**9) for number in fields.items("remove")]
    add = []
    for item in fields.items("add"):
        note = Fields.of(item, "instrument", "pitch", "start", "length", "velocity")
        [name] = Fields.of({"instrument": [note.text("instrument")]}, "instrument").names("instrument", instruments)
        start, length = note.integer("start", 0, LAST_TICK), note.integer("length", 1, LAST_TICK)
        add.append(NewNote(name, note.integer("pitch", 0, 127), start, length, note.integer("velocity", 1, 127, 90)))
    programs = fields.mapping("programs", *instruments)
    return remove, add, {name: programs.integer(name, 0, 127) for name in instruments if name in programs}


def edited(
    source_midi: SourceMidi, remove: Sequence[int], add: Sequence[NewNote], programs: Mapping[str, int]
) -> bytes:
    """The file without the notes `remove`, numbers in the order of the file, with those of `add`, in `programs`."""
    keep = np.ones(len(source_midi.score), np.bool_)
    if any(not 0 <= number < len(keep) for number in remove):
        raise SettingInvalid("There is no such note.", f"The song's notes have the numbers 0 to {len(keep) - 1}.")
    keep[list(remove)] = False
    if any(note.start + note.length > LONGEST_BEATS * source_midi.score.ticks_per_beat for note in add):
        raise SettingInvalid("The note ends too late.", f"The longest song has {LONGEST_BEATS:,} beats.")
    if programs:
        silent = replace(source_midi.song, notes=Notes.empty())
        everything = np.ones(len(keep), np.bool_)
        data = Arrangement(silent, source_midi, everything, programs).midi()
        source_midi = SourceMidi.from_bytes(data, source_midi.band)
    if not keep.all() or add:
        return _with_notes(source_midi, keep, add)
    return data if programs else source_midi.events.data


def _with_notes(source_midi: SourceMidi, keep: NDArray[np.bool_], add: Sequence[NewNote]) -> bytes:
    track_of_note = _track_of_note(source_midi)
    own = {name: np.flatnonzero(source_midi.instrument == source_midi.band.index(name)) for name in _names(add)}
    strangers = [note for note in add if not len(own[note.instrument])]
    tracks = []
    for number, track in enumerate(source_midi.tracks):
        kept = keep_notes([track], keep[track_of_note == number], set(range(16)))
        here = [
            (note, int(source_midi.score.channel[own[note.instrument][0]]))
            for note in add
            if len(own[note.instrument]) and track_of_note[own[note.instrument][0]] == number
        ]
        tracks += [_merged(kept[0] if kept else [], here)] if here else kept
    header = (1).to_bytes(2) + len(tracks).to_bytes(2) + source_midi.score.ticks_per_beat.to_bytes(2)
    data = chunk(b"MThd", header) + b"".join(track_chunk(track) for track in tracks)
    return _with_new_instruments(SourceMidi.from_bytes(data, source_midi.band), strangers) if strangers else data


def _names(notes: Sequence[NewNote]) -> set[str]:
    return {note.instrument for note in notes}


def _track_of_note(source_midi: SourceMidi) -> NDArray[np.int64]:
    """(notes,): the track in which each note stands."""
    events = source_midi.events
    note_ons = np.flatnonzero(events.status & 0xF0 == NOTE_ON)
    return np.asarray(events.track[note_ons[events.bytes[events.begin[note_ons] + 1] > 0]])


def _merged(track: Track, notes: Sequence[tuple[NewNote, int]]) -> Track:
    """At one tick a new note's end comes before what stands there, and its begin after it."""
    events = [(tick, 1, message) for tick, message in track]
    for note, channel in notes:
        events.append((note.start, 2, bytes([NOTE_ON | channel, note.pitch, note.velocity])))
        events.append((note.start + note.length, 0, bytes([NOTE_OFF | channel, note.pitch, 64])))
    events.sort(key=lambda event: event[:2])
    return [(tick, message) for tick, _, message in events]


def _with_new_instruments(source_midi: SourceMidi, notes: Sequence[NewNote]) -> bytes:
    """Notes of instruments that do not play yet, in tracks of their own."""
    song = source_midi.song
    scale = FINE_STEPS_PER_BEAT / source_midi.score.ticks_per_beat
    instrument = [song.band.index(note.instrument) for note in notes]
    start = np.rint([note.start * scale for note in notes])
    length = np.maximum(np.rint([note.length * scale for note in notes]), 1)
    new = Notes.tidy(instrument, [n.pitch for n in notes], start, length, [n.velocity for n in notes])
    song = replace(song, notes=new, steps=max(song.steps, int(new.end.max())))
    return Arrangement(song, source_midi, np.ones(len(source_midi.score), np.bool_)).midi()
