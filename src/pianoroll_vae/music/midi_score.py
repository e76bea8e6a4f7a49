"""A MIDI file's music: its notes in ticks, its programs, its tempo, meter and key.

The bytes may be damaged or hostile: reading ends in a `MidiScore` or in one `FileUnreadable`, in time and memory
proportional to the bytes. Bands, grids and songs come later: `midi.assign_to_band`.

The rules where the format leaves room; `midi_events` has those of chunks and events:

* One voice for each (track, channel, pitch), as on a piano: striking a key again ends the note before it, and
  releasing it ends the note that sounds. A release at the tick of such a second stroke ends the first note, which
  some programs write so. A release without a note is ignored.
* A note that is never released is held for one beat. No onset is ever lost, not even that of a note of length zero.
* A track's program changes count for its own notes; a channel whose track never names a program takes the one that
  another track set for it (a "setup" track), and piano before the first.
* An end of track more than `MAX_SONG_BEATS` after the start does not count: the program that wrote it made an error.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.music.key import Key
from pianoroll_vae.music.meter import FOUR_FOUR, Meter
from pianoroll_vae.music.meter_estimate import estimate_meter
from pianoroll_vae.music.midi_chunks import SALVAGE_HINT, DamagedError
from pianoroll_vae.music.midi_events import MidiEvents, read_events
from pianoroll_vae.music.midi_messages import DRUM_CHANNEL, KEY_PRESSURE, NOTE_ON, PROGRAM_CHANGE
from pianoroll_vae.music.midi_meta import read_meta
from pianoroll_vae.music.notes import PITCHES, Column
from pianoroll_vae.paths import open_without_waiting

MIDI_SUFFIXES = (".mid", ".midi", ".kar")
MAX_FILE_BYTES = 8 * 2**20
"""Bytes. A piano concerto takes 200,000."""
MAX_SONG_BEATS = 40_000
"""Beats. Over five hours at 120 a minute, and longer than any song of the Lakh dataset."""

_NEVER = -1
"""The end of a note that is never released."""


@dataclass(frozen=True)
class MidiScore:
    """A MIDI file's music. The note columns have one entry for each note on, in the order of the file.

    `program` is the General MIDI program; times are in ticks.
    `tempo` is ((tick, microseconds a beat), …) and `meters` ((tick, numerator, denominator), …), both by tick.
    """

    ticks_per_beat: int
    channel: Column
    program: Column
    pitch: Column
    start: Column
    end: Column
    velocity: Column
    tempo: tuple[tuple[int, int], ...]
    meters: tuple[tuple[int, int, int], ...]
    length: int
    name: str
    key_signature: Key | None = None
    """The first one, or the key that a text of a file of ours names, see `midi.key_event`."""

    unread: tuple[str, ...] = ()
    """What of the file is not read, and why. Each continues the sentence "this file …"."""

    def __len__(self) -> int:
        return len(self.pitch)

    @cached_property
    def first_meter(self) -> Meter:
        """That of the beginning, until the file names one: 4/4, or what the notes are in where it never names one."""
        if self.meters:
            return FOUR_FOUR
        voice = (self.is_drum * PITCHES + self.program) * PITCHES + self.pitch
        return estimate_meter(self.start / self.ticks_per_beat, voice)

    @property
    def meter_is_estimated(self) -> bool:
        """Whether the file names no meter, and is not in 4/4."""
        return not self.meters and self.first_meter != FOUR_FOUR

    @property
    def is_drum(self) -> NDArray[np.bool_]:
        return np.asarray(self.channel == DRUM_CHANNEL)


def load_score(path: Path, salvage: bool = False) -> MidiScore:
    """The music of the file at `path`; FileUnreadable if it is not a regular file of music."""
    return parse_score(read_file(path), str(path), salvage)


def read_file(path: Path) -> bytes:
    """The bytes of a file that may be MIDI: a regular one, of a size that a song can have."""
    try:
        with open(path, "rb", opener=open_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileUnreadable(f"{path} is no ordinary file.", "Name a MIDI file (.mid, .midi, .kar).")
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as problem:
        raise FileUnreadable(
            f"{path} cannot be read: {problem.strerror}.", "Check the path and its permissions."
        ) from None
    if len(data) > MAX_FILE_BYTES:
        raise FileUnreadable(f"{path} is larger than {MAX_FILE_BYTES // 2**20} MB.", "That is no song: leave it out.")
    return data


def parse_score(data: bytes, source: str = "The MIDI file", salvage: bool = False) -> MidiScore:
    """The music of a whole MIDI file in memory; `source` is its name in messages."""
    return parse_midi(data, source, salvage)[1]


def parse_midi(data: bytes, source: str = "The MIDI file", salvage: bool = False) -> tuple[MidiEvents, MidiScore]:
    """The events and the music of a whole MIDI file in memory.

    A file of which a part cannot be read is refused; with `salvage` the rest of it is read, and `unread` is what is
    missing.
    """
    try:
        events = read_events(data, salvage)
        events = _without_late_events(events) if salvage else events
        return events, _score(events)
    except DamagedError as damage:
        raise FileUnreadable(f"{source} {damage}.", damage.hint) from None


def _without_late_events(events: MidiEvents) -> MidiEvents:
    """The events without those that begin more than `MAX_SONG_BEATS` after the start, which damaged times cause."""
    kept = events.tick <= (MAX_SONG_BEATS - 1) * events.ticks_per_beat
    if kept.all():
        return events
    counts = np.bincount(events.track[kept], minlength=len(events.first) - 1)
    late = f"lasts longer than {MAX_SONG_BEATS:,} beats: {np.count_nonzero(~kept):,} events after that are not read"
    return replace(
        events,
        first=np.concatenate([[0], np.cumsum(counts)]),
        tick=events.tick[kept],
        status=events.status[kept],
        begin=events.begin[kept],
        end=events.end[kept],
        unread=(*events.unread, late),
    )


def _score(events: MidiEvents) -> MidiScore:
    message = np.flatnonzero(events.status < KEY_PRESSURE)  # the note offs and note ons
    pitch, velocity = (events.bytes[events.begin[message] + at].astype(np.int64) for at in (0, 1))
    channel = events.status[message] & 0x0F
    is_onset = (events.status[message] >= NOTE_ON) & (velocity > 0)
    voice = (events.track[message] << 4 | channel) << 7 | pitch
    end = _note_ends(voice, events.tick[message], is_onset)
    note = message[is_onset]
    start = events.tick[note]
    end = np.where(end == _NEVER, start + events.ticks_per_beat, end)
    limit = MAX_SONG_BEATS * events.ticks_per_beat
    last = int(end.max(initial=0))
    if last > limit:
        raise DamagedError(f"lasts longer than {MAX_SONG_BEATS:,} beats", SALVAGE_HINT)
    meta = read_meta(events)
    return MidiScore(
        ticks_per_beat=events.ticks_per_beat,
        channel=channel[is_onset],
        program=_programs(events, note, meta.ports),
        pitch=pitch[is_onset],
        start=start,
        end=end,
        velocity=velocity[is_onset],
        tempo=meta.tempo,
        meters=meta.meters,
        length=max(last, events.length) if events.length <= limit else last,
        name=meta.name,
        key_signature=meta.key_signature,
        unread=events.unread,
    )


def _note_ends(voice: Column, tick: Column, is_onset: NDArray[np.bool_]) -> Column:
    """(notes,): the tick at which each note ends, `_NEVER` where nothing ends it.

    The arguments (messages,) are the note ons and note offs in the order of the file.
    """
    order = np.argsort(voice, kind="stable")  # one voice after the other
    same_voice = np.diff(voice[order], prepend=-1) == 0  # as the message before
    after_onset = same_voice & np.append(False, is_onset[order][:-1])[: len(order)]
    at_once = after_onset & ~is_onset[order] & (np.diff(tick[order], prepend=-1) == 0)
    # Such a release ends the note before its onset, if one sounds there: if the onset follows another onset, or
    # another release of this kind. The onset has ended that note already.
    release = np.flatnonzero(at_once)
    follows_release = (np.diff(release, prepend=-2) == 2) & same_voice[release - 1]
    first_release = np.maximum.accumulate(np.where(follows_release, 0, np.arange(len(release))))
    order = np.delete(order, release[after_onset[release - 1][first_release]])
    end = np.full(len(voice), _NEVER)
    end[order[:-1]] = np.where(np.diff(voice[order]) == 0, tick[order][1:], _NEVER)
    return end[is_onset]


def _programs(events: MidiEvents, note: Column, ports: Column) -> Column:
    """(notes,): the program of each note; `note` are events, `ports` (changes, 2) events and the ports they choose."""
    program = np.zeros(len(note), np.int64)
    change = np.flatnonzero(events.status & 0xF0 == PROGRAM_CHANGE)
    if not len(change):
        return program
    chosen = events.bytes[events.begin[change]].astype(np.int64) & 0x7F
    channel, change_channel = events.status[note] & 0x0F, events.status[change] & 0x0F
    last = _last_change(change_channel, change, channel, note)
    own = (last >= 0) & (events.track[change[last]] == events.track[note])
    program[own] = chosen[last[own]]
    others = note[~own]  # take the program that any track sets for their port and channel
    place, change_place = (_port(events, ports, event) << 4 | events.status[event] & 0x0F for event in (others, change))
    last = _last_change(change_place, events.tick[change], place, events.tick[others])
    program[~own] = np.where(last >= 0, chosen[last], 0)
    return program


def _port(events: MidiEvents, ports: Column, event: Column) -> Column:
    """(events,): the port that the track of each of these events has chosen before it."""
    if not len(ports):
        return np.zeros(len(event), np.int64)
    last = np.searchsorted(ports[:, 0], event) - 1
    own = (last >= 0) & (events.track[ports[last, 0]] == events.track[event])
    return np.where(own, ports[last, 1], 0)


def _last_change(change_place: Column, change_time: Column, place: Column, time: Column) -> Column:
    """(places,): the index of the last change of each place until that time, -1 where there is none."""
    order = np.lexsort((change_time, change_place))
    # Place and time in one ascending number: the change is found by one search.
    last = np.searchsorted((change_place << 50 | change_time)[order], place << 50 | time, side="right") - 1
    return np.where((last >= 0) & (change_place[order[last]] == place), order[last], -1)
