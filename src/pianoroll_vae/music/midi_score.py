"""What a MIDI file says: its notes in ticks, its programs, its tempo and meter.

This parser reads bytes that nobody vouches for. Whatever they hold, it ends in a `MidiScore` or in one
`FileUnreadable`, in time and memory proportional to the bytes. It knows MIDI only: nothing of bands, grids or songs.

The rules where the format leaves room:

* One voice for each (track, channel, pitch), as on a piano: striking a key again ends the note before it, and
  releasing it ends the note that sounds. A release without a note is nothing.
* A note that is never released is held for one beat. No onset is ever lost, not even that of a note of length zero.
* A track's program changes count for its own notes; a channel whose track never names a program takes the one that
  another track set for it (a "setup" track), and piano before anybody said anything.
* The tracks of a type 2 file are patterns, one after the other.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import FileUnreadable
from pianoroll_vae.music.midi_events import (
    CHANNEL,
    END,
    NEVER,
    PITCH,
    PORT,
    PROGRAM,
    START,
    VELOCITY,
    DamagedError,
    Heard,
    table,
)

MIDI_SUFFIXES = (".mid", ".midi", ".kar")
LARGEST_FILE = 8 * 2**20
"""Bytes. A piano concerto takes 200,000; beyond this nobody has written music."""
LONGEST_BEATS = 40_000
"""Beats. Over five hours at 120 a minute, and longer than any song of the Lakh dataset."""

DRUM_CHANNEL = 9

Columns = NDArray[np.int64]


@dataclass(frozen=True)
class MidiScore:
    """A MIDI file's music. The note columns have one entry for each note on, in the order of the file.

    `program` is the General MIDI program; times are in ticks.
    `tempo` is ((tick, microseconds a beat), …) and `meters` ((tick, numerator, denominator), …), both by tick.
    """

    ticks_per_beat: int
    channel: Columns
    program: Columns
    pitch: Columns
    start: Columns
    end: Columns
    velocity: Columns
    tempo: tuple[tuple[int, int], ...]
    meters: tuple[tuple[int, int, int], ...]
    length: int
    name: str

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def is_drum(self) -> NDArray[np.bool_]:
        return np.asarray(self.channel == DRUM_CHANNEL)


def load_score(path: Path) -> MidiScore:
    """Read the file at `path`. Anything but a regular file of music is refused by one message."""
    return parse_score(read_file(path), str(path))


def read_file(path: Path) -> bytes:
    """The bytes of a file that may be MIDI: a regular one, of a size that a song can have."""
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise FileUnreadable(f"{path} is no ordinary file.", "Name a MIDI file (.mid, .midi, .kar).")
            data = file.read(LARGEST_FILE + 1)
    except OSError as problem:
        raise FileUnreadable(
            f"{path} cannot be read: {problem.strerror}.", "Check the path, and who may read it."
        ) from None
    if len(data) > LARGEST_FILE:
        raise FileUnreadable(f"{path} is larger than {LARGEST_FILE // 2**20} MB.", "That is no song: leave it out.")
    return data


def _open_without_waiting(path: str, flags: int) -> int:
    """A pipe that somebody named song.mid would otherwise be waited on for ever."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def parse_score(data: bytes, source: str = "The MIDI file") -> MidiScore:
    """Read a whole MIDI file from memory; `source` is what messages call it."""
    try:
        return _parse(data)
    except DamagedError as damage:
        raise FileUnreadable(f"{source} {damage}.", damage.hint) from None


def _parse(data: bytes) -> MidiScore:
    if not data:
        raise DamagedError("is empty")
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        data = data[20:]  # the same file in Microsoft's envelope
    if data[:4] != b"MThd" or len(data) < 14:
        raise DamagedError("is not a MIDI file", "Name a MIDI file (.mid, .midi, .kar).")
    kind = int.from_bytes(data[8:10])
    division = int.from_bytes(data[12:14])
    if division & 0x8000:
        raise DamagedError(
            "counts time in film frames (SMPTE), so it has no beats", "Export it with ticks per quarter note."
        )
    if division == 0:
        raise DamagedError("says that a beat has no length")
    if kind > 2:
        raise DamagedError(f"is MIDI of an unknown type ({kind})")
    heard = Heard()
    tracks = 0
    begin = 0
    for start, end in _track_chunks(data):
        last = heard.track(data, start, end, tracks, begin)
        heard.length = max(heard.length, last)
        tracks += 1
        if kind == 2:
            begin = -(-last // division) * division  # the next pattern starts on a beat
    if not tracks:
        raise DamagedError("has no tracks")
    return _score(heard, division)


def _track_chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each track's events begin and should end. The number of tracks in the header is often wrong: unused."""
    position = 8 + int.from_bytes(data[4:8])
    while position + 8 <= len(data):
        end = position + 8 + int.from_bytes(data[position + 4 : position + 8])
        if data[position : position + 4] == b"MTrk":
            yield position + 8, end
        position = end


def _score(heard: Heard, ticks_per_beat: int) -> MidiScore:
    """What was heard, put in order."""
    notes = table(heard.notes, 7)
    _give_programs(notes, table(heard.programs, 4))
    endless = notes[:, END] == NEVER
    notes[endless, END] = notes[endless, START] + ticks_per_beat
    limit = LONGEST_BEATS * ticks_per_beat
    last = int(notes[:, END].max(initial=0))
    if last > limit:
        raise DamagedError(f"lasts longer than {LONGEST_BEATS:,} beats", "That is no song: leave it out.")
    tempo = table(heard.tempo, 2)
    meters = table(heard.meters, 3)
    return MidiScore(
        ticks_per_beat=ticks_per_beat,
        channel=notes[:, CHANNEL],
        program=notes[:, PROGRAM],
        pitch=notes[:, PITCH],
        start=notes[:, START],
        end=notes[:, END],
        velocity=notes[:, VELOCITY],
        tempo=tuple((int(a), int(b)) for a, b in tempo[np.argsort(tempo[:, 0], kind="stable")]),
        meters=tuple((int(a), int(b), int(c)) for a, b, c in meters[np.argsort(meters[:, 0], kind="stable")]),
        # An end of track beyond all reason is a slip of the program that wrote it, not hours of silence.
        length=max(last, heard.length) if heard.length <= limit else last,
        name=heard.name,
    )


def _give_programs(notes: Columns, changes: Columns) -> None:
    """Fill in, in place, the program of notes whose own track names none for their channel."""
    unknown = np.flatnonzero(notes[:, PROGRAM] < 0)
    if not len(unknown):
        return
    # (port, channel, tick) in one ascending number: the change before a note is found by one search.
    changes = changes[np.lexsort((changes[:, 2], changes[:, 1], changes[:, 0]))]
    seats = changes[:, 0] << 4 | changes[:, 1]
    wanted = notes[unknown, PORT] << 4 | notes[unknown, CHANNEL]
    before = np.searchsorted(seats << 50 | changes[:, 2], wanted << 50 | notes[unknown, START], side="right") - 1
    found = (before >= 0) & (seats[before] == wanted) if len(changes) else np.zeros(len(unknown), dtype=bool)
    notes[unknown, PROGRAM] = np.where(found, changes[before, 3] if len(changes) else 0, 0)
