"""Changes single notes and programs of a MIDI file; everything else in it stays as it is.

A new note goes into the track and channel where its instrument plays already, so that a song that is edited often does
not gain a track each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.midi_events import MidiEvents
from pianoroll_vae.music.midi_messages import NOTE_OFF, NOTE_ON
from pianoroll_vae.music.midi_score import MAX_SONG_BEATS
from pianoroll_vae.music.midi_tracks import Track, file_bytes, keep_notes
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


@dataclass(frozen=True)
class Edit:
    """Notes are named by their numbers in the order of the file; programs by instrument."""

    remove: Sequence[int] = ()
    add: Sequence[NewNote] = ()
    velocities: Mapping[int, int] = field(default_factory=dict)
    programs: Mapping[str, int] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """What the history shows; empty where nothing changes."""
        counts = ((self.remove, "removed"), (self.add, "added"), (self.velocities, "with another velocity"))
        changes = [f"{len(notes)} note{'s' * (len(notes) > 1)} {what}" for notes, what in counts if notes]
        changes += [f"{name} plays program {program}" for name, program in self.programs.items()]
        return ", ".join(changes).capitalize()

    @property
    def words(self) -> tuple[str, ...]:
        """The options on the command line; none where notes change, which no command does."""
        if not self.programs or self.remove or self.add or self.velocities:
            return ()
        return "vary", "--noise", "0", *(f"--program={name}={program}" for name, program in self.programs.items())


def parse_edit(fields: Fields, instruments: Sequence[str]) -> Edit:
    """The edit of a request."""
    remove = [Fields.of({"remove": number}, "remove").integer("remove", 0, 10**9) for number in fields.items("remove")]
    add = []
    for item in fields.items("add"):
        note = Fields.of(item, "instrument", "pitch", "start", "length", "velocity")
        [name] = Fields.of({"instrument": [note.text("instrument")]}, "instrument").names("instrument", instruments)
        start, length = note.integer("start", 0, LAST_TICK), note.integer("length", 1, LAST_TICK)
        add.append(NewNote(name, note.integer("pitch", 0, 127), start, length, note.integer("velocity", 1, 127, 90)))
    programs = fields.mapping("programs", *instruments)
    velocities = {}
    for item in fields.items("velocities"):
        pair = Fields.of({"velocities": item}, "velocities").items("velocities")
        number, velocity = (Fields.of({"velocities": value}, "velocities") for value in [*pair, None, None][:2])
        velocities[number.integer("velocities", 0, 10**9)] = velocity.integer("velocities", 1, 127)
    return Edit(
        remove, add, velocities, {name: programs.integer(name, 0, 127) for name in instruments if name in programs}
    )


def edited(source_midi: SourceMidi, edit: Edit) -> bytes:
    """The file with the changes of an edit."""
    remove, add, programs = edit.remove, edit.add, edit.programs
    keep = np.ones(len(source_midi.score), np.bool_)
    if any(not 0 <= number < len(keep) for number in (*remove, *edit.velocities)):
        raise SettingInvalid("There is no such note.", f"The song's notes have the numbers 0 to {len(keep) - 1}.")
    keep[list(remove)] = False
    if any(note.start + note.length > MAX_SONG_BEATS * source_midi.score.ticks_per_beat for note in add):
        raise SettingInvalid("The note ends too late.", f"The longest song has {MAX_SONG_BEATS:,} beats.")
    if edit.velocities:
        source_midi = SourceMidi.from_bytes(_with_velocities(source_midi, edit.velocities), source_midi.band)
    if programs:
        silent = replace(source_midi.song, notes=Notes.empty())
        everything = np.ones(len(keep), np.bool_)
        data = Arrangement(silent, source_midi, everything, programs).midi()
        source_midi = SourceMidi.from_bytes(data, source_midi.band)
    if not keep.all() or add:
        return _with_notes(source_midi, keep, add)
    return data if programs else source_midi.events.data


def _with_velocities(source_midi: SourceMidi, velocities: Mapping[int, int]) -> bytes:
    """The file with these bytes changed alone."""
    events = source_midi.events
    data = bytearray(events.data)
    place = events.begin[_note_ons(events)] + 1
    for number, velocity in velocities.items():
        data[int(place[number])] = velocity
    return bytes(data)


def _note_ons(events: MidiEvents) -> NDArray[np.int64]:
    """(notes,): the event with which each note begins."""
    note_ons = np.flatnonzero(events.status & 0xF0 == NOTE_ON)
    return note_ons[events.bytes[events.begin[note_ons] + 1] > 0]


def _with_notes(source_midi: SourceMidi, keep: NDArray[np.bool_], add: Sequence[NewNote]) -> bytes:
    track_of_note = _track_of_note(source_midi)
    own = {name: np.flatnonzero(source_midi.instrument == source_midi.band.index(name)) for name in _names(add)}
    of_new_instruments = [note for note in add if not len(own[note.instrument])]
    tracks = []
    for number, track in enumerate(source_midi.tracks):
        kept = keep_notes([track], keep[track_of_note == number], set(range(16)))
        here = [
            (note, int(source_midi.score.channel[own[note.instrument][0]]))
            for note in add
            if len(own[note.instrument]) and track_of_note[own[note.instrument][0]] == number
        ]
        tracks += [_merged(kept[0] if kept else [], here)] if here else kept
    data = file_bytes(tracks, source_midi.score.ticks_per_beat)
    return (
        _with_new_instruments(SourceMidi.from_bytes(data, source_midi.band), of_new_instruments)
        if of_new_instruments
        else data
    )


def _names(notes: Sequence[NewNote]) -> set[str]:
    return {note.instrument for note in notes}


def _track_of_note(source_midi: SourceMidi) -> NDArray[np.int64]:
    """(notes,): the track in which each note stands."""
    return np.asarray(source_midi.events.track[_note_ons(source_midi.events)])


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
