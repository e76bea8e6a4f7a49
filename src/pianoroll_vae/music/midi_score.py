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
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pianoroll_vae.errors import FileUnreadable

MIDI_SUFFIXES = (".mid", ".midi", ".kar")
LARGEST_FILE = 8 * 2**20
"""Bytes. A piano concerto takes 200,000; beyond this nobody has written music."""
LONGEST_BEATS = 40_000
"""Beats. Over five hours at 120 a minute, and longer than any song of the Lakh dataset."""

DRUM_CHANNEL = 9
TICKS_OF_UNKNOWN_END = -1

Columns = npt.NDArray[np.int64]


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
    def is_drum(self) -> npt.NDArray[np.bool_]:
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
    except _DamagedError as damage:
        raise FileUnreadable(f"{source} {damage}.", damage.hint) from None


class _DamagedError(Exception):
    def __init__(self, what: str, hint: str = "Export it again from the program that made it.") -> None:
        super().__init__(what)
        self.hint = hint


def _parse(data: bytes) -> MidiScore:
    if not data:
        raise _DamagedError("is empty")
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        data = data[20:]  # the same file in Microsoft's envelope
    if data[:4] != b"MThd" or len(data) < 14:
        raise _DamagedError("is not a MIDI file", "Name a MIDI file (.mid, .midi, .kar).")
    kind = int.from_bytes(data[8:10])
    division = int.from_bytes(data[12:14])
    if division & 0x8000:
        raise _DamagedError(
            "counts time in film frames (SMPTE), so it has no beats", "Export it with ticks per quarter note."
        )
    if division == 0:
        raise _DamagedError("says that a beat has no length")
    if kind > 2:
        raise _DamagedError(f"is MIDI of an unknown type ({kind})")
    heard = _Heard()
    tracks = 0
    begin = 0
    for start, end in _track_chunks(data):
        last = heard.track(data, start, end, tracks, begin)
        heard.length = max(heard.length, last)
        tracks += 1
        if kind == 2:
            begin = -(-last // division) * division  # the next pattern starts on a beat
    if not tracks:
        raise _DamagedError("has no tracks")
    return heard.score(division)


def _track_chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each track's events begin and should end. The number of tracks in the header is often wrong: unused."""
    position = 8 + int.from_bytes(data[4:8])
    while position + 8 <= len(data):
        end = position + 8 + int.from_bytes(data[position + 4 : position + 8])
        if data[position : position + 4] == b"MTrk":
            yield position + 8, end
        position = end


class _Heard:
    """What the tracks have said so far, flat, so that a hostile file costs bytes and not objects."""

    def __init__(self) -> None:
        self.notes = array("q")  # seven numbers a note: _PORT … _VELOCITY
        self.programs = array("q")  # four numbers a program change: port, channel, tick, program
        self.tempo = array("q")  # two: tick, microseconds a beat
        self.meters = array("q")  # three: tick, numerator, denominator
        self.name = ""
        self.length = 0

    def track(self, data: bytes, position: int, end: int, index: int, begin: int) -> int:
        """Read one track's events; return the tick at which it ends."""
        try:
            return self._events(data, position, end, index, begin)
        except IndexError:
            raise _DamagedError("breaks off in the middle") from None

    def _events(self, data: bytes, position: int, end: int, index: int, tick: int) -> int:
        notes = self.notes
        sounding: dict[int, int] = {}  # channel and pitch -> where its note stands in `notes`
        cut_now: dict[int, int] = {}  # channel and pitch -> tick at which one note cut another
        program = [-1] * 16
        port = running = 0
        while position < end:
            delta = data[position]
            position += 1
            if delta > 0x7F:
                delta, position = _long_number(data, position - 1)
            tick += delta
            status = data[position]
            if status > 0x7F:
                position += 1
                if status < 0xF0:
                    running = status
            elif running:
                status = running
            else:
                raise _DamagedError("has data where an event should begin")
            kind = status >> 4
            if kind <= 0x9:
                pitch, velocity = data[position], data[position + 1]
                position += 2
                if (pitch | velocity) > 0x7F:
                    raise _DamagedError("has a note that MIDI cannot hold")
                channel = status & 0x0F
                key = channel << 7 | pitch
                at = sounding.get(key)
                if kind == 0x9 and velocity:
                    if at is not None:
                        notes[at + _END] = tick
                        cut_now[key] = tick
                    sounding[key] = len(notes)
                    notes.extend((port, channel, program[channel], pitch, tick, TICKS_OF_UNKNOWN_END, velocity))
                elif at is not None:
                    # A release at the very tick of a second stroke means the first: some programs write them so.
                    if notes[at + _START] == tick and cut_now.pop(key, -1) == tick:
                        continue
                    notes[at + _END] = tick
                    del sounding[key]
            elif kind == 0xC:
                value = data[position]
                position += 1
                program[status & 0x0F] = value & 0x7F
                self.programs.extend((port, status & 0x0F, tick, value & 0x7F))
            elif status == 0xFF:
                meta = data[position]
                length, position = _long_number(data, position + 1)
                payload = data[position : position + length]
                if len(payload) < length:
                    raise IndexError
                position += length
                if meta == 0x2F:
                    return tick
                if meta == 0x21 and length == 1:
                    port = payload[0]
                else:
                    self._meta(meta, payload, tick, index)
            elif status in (0xF0, 0xF7):
                length, position = _long_number(data, position)
                position += length
            else:
                position += _DATA_BYTES.get(status if kind == 0xF else kind, 0)
        if max(position, end) > len(data):
            raise IndexError
        return tick

    def _meta(self, kind: int, payload: bytes, tick: int, track: int) -> None:
        if kind == 0x51 and len(payload) == 3 and any(payload):
            self.tempo.extend((tick, int.from_bytes(payload)))
        elif kind == 0x58 and len(payload) >= 2 and payload[0] and payload[1] <= 6:
            self.meters.extend((tick, payload[0], 2 ** payload[1]))
        elif kind == 0x03 and track == 0 and not self.name:
            self.name = _readable(payload)

    def score(self, ticks_per_beat: int) -> MidiScore:
        notes = _table(self.notes, 7)
        _give_programs(notes, _table(self.programs, 4))
        endless = notes[:, _END] == TICKS_OF_UNKNOWN_END
        notes[endless, _END] = notes[endless, _START] + ticks_per_beat
        limit = LONGEST_BEATS * ticks_per_beat
        last = int(notes[:, _END].max(initial=0))
        if last > limit:
            raise _DamagedError(f"lasts longer than {LONGEST_BEATS:,} beats", "That is no song: leave it out.")
        tempo = _table(self.tempo, 2)
        meters = _table(self.meters, 3)
        return MidiScore(
            ticks_per_beat=ticks_per_beat,
            channel=notes[:, _CHANNEL],
            program=notes[:, _PROGRAM],
            pitch=notes[:, _PITCH],
            start=notes[:, _START],
            end=notes[:, _END],
            velocity=notes[:, _VELOCITY],
            tempo=tuple((int(a), int(b)) for a, b in tempo[np.argsort(tempo[:, 0], kind="stable")]),
            meters=tuple((int(a), int(b), int(c)) for a, b, c in meters[np.argsort(meters[:, 0], kind="stable")]),
            # An end of track beyond all reason is a slip of the program that wrote it, not hours of silence.
            length=max(last, self.length) if self.length <= limit else last,
            name=self.name,
        )


_PORT, _CHANNEL, _PROGRAM, _PITCH, _START, _END, _VELOCITY = range(7)
_DATA_BYTES = {0xA: 2, 0xB: 2, 0xD: 1, 0xE: 2, 0xF1: 1, 0xF2: 2, 0xF3: 1}


def _long_number(data: bytes, position: int) -> tuple[int, int]:
    """A number of seven bits a byte, at most four bytes, and the position after it."""
    value = 0
    for after in range(position + 1, position + 5):
        byte = data[after - 1]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, after
    raise _DamagedError("has a number longer than MIDI allows")


def _table(flat: array[int], columns: int) -> Columns:
    return np.array(flat, dtype=np.int64).reshape(-1, columns)


def _give_programs(notes: Columns, changes: Columns) -> None:
    """Fill in, in place, the program of notes whose own track names none for their channel."""
    unknown = np.flatnonzero(notes[:, _PROGRAM] < 0)
    if not len(unknown):
        return
    # (port, channel, tick) in one ascending number: the change before a note is found by one search.
    changes = changes[np.lexsort((changes[:, 2], changes[:, 1], changes[:, 0]))]
    seats = changes[:, 0] << 4 | changes[:, 1]
    wanted = notes[unknown, _PORT] << 4 | notes[unknown, _CHANNEL]
    before = np.searchsorted(seats << 50 | changes[:, 2], wanted << 50 | notes[unknown, _START], side="right") - 1
    found = (before >= 0) & (seats[before] == wanted) if len(changes) else np.zeros(len(unknown), dtype=bool)
    notes[unknown, _PROGRAM] = np.where(found, changes[before, 3] if len(changes) else 0, 0)


def _readable(text: bytes) -> str:
    """A name on one line: UTF-8 where it is UTF-8, else the Latin-1 of older programs."""
    try:
        words = text[:400].decode()
    except UnicodeDecodeError:
        words = text[:400].decode("latin-1")
    return "".join(letter if letter.isprintable() else " " for letter in words).strip()
