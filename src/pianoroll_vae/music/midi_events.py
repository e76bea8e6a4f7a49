"""Reads the chunks and events of a MIDI file into flat columns.

The bytes may be damaged or hostile: reading ends in `MidiEvents` or in one `DamagedError`, in time and memory
proportional to the bytes. `midi_score` makes notes of the events, `midi_tracks` makes tracks of them.

The rules where the format leaves room:

* The number of tracks in the header is often wrong and is not used. Chunks that are no tracks are skipped.
* A text or a system exclusive message between two messages does not end running status.
* A track may lack its end of track; what follows an end of track is not read.
* The tracks of a type 2 file are patterns: they are read one after the other, each beginning on a beat.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.midi_messages import END_OF_TRACK, KEY_PRESSURE, META, SYSEX, SYSEX_CONTINUED
from pianoroll_vae.music.notes import Column

_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2, 0xF1: 1, 0xF2: 2, 0xF3: 1}
_DATA_BYTES_OF_STATUS = bytes(_DATA_BYTES.get(s if s >= SYSEX else s >> 4, 0) for s in range(256))


class DamagedError(Exception):
    """The bytes are not a MIDI file; the message continues the sentence "this file …"; `hint` is what to do."""

    def __init__(self, what: str, hint: str = "Export it again from the program that made it.") -> None:
        super().__init__(what)
        self.hint = hint


@dataclass(frozen=True, eq=False)
class MidiEvents:
    """All events of a file but the ends of tracks, in the order of the file."""

    data: bytes
    ticks_per_beat: int
    first: Column
    """(tracks + 1,): where each track's events begin."""

    tick: Column
    """(events,): counted from the start of the piece."""

    status: Column
    """(events,): the status byte, running status filled in."""

    begin: Column
    end: Column
    """(events,): the bytes after the status are data[begin:end]."""

    length: int
    """The tick at which the last track ends."""

    @cached_property
    def track(self) -> Column:
        """(events,)"""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))

    @cached_property
    def bytes(self) -> NDArray[np.uint8]:
        """(bytes of the file,)"""
        return np.frombuffer(self.data, np.uint8)


def read_events(data: bytes) -> MidiEvents:
    """The events of a whole MIDI file."""
    if not data:
        raise DamagedError("is empty")
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        data = data[20:]  # the same file in Microsoft's envelope
    if data[:4] != b"MThd" or len(data) < 14:
        raise DamagedError("is not a MIDI file", "Name a MIDI file (.mid, .midi, .kar).")
    kind, division = int.from_bytes(data[8:10]), int.from_bytes(data[12:14])
    if division & 0x8000:
        raise DamagedError(
            "counts time in film frames (SMPTE), so it has no beats", "Export it with ticks per quarter note."
        )
    if division == 0:
        raise DamagedError("has a beat without length")
    if kind > 2:
        raise DamagedError(f"is MIDI of an unknown type ({kind})")
    flat = array("q")  # four numbers an event, so that a hostile file costs bytes and not objects
    first = [0]
    length = start_tick = 0
    for start, end in _track_chunks(data):
        try:
            last = _read_track(data, start, end, start_tick, flat)
        except IndexError:
            raise DamagedError("breaks off in the middle") from None
        first.append(len(flat) // 4)
        length = max(length, last)
        if kind == 2:
            start_tick = -(-last // division) * division  # the next pattern starts on a beat
    if len(first) == 1:
        raise DamagedError("has no tracks")
    tick, status, begin, after = np.array(flat, np.int64).reshape(-1, 4).T
    return MidiEvents(data, division, np.array(first), tick, status, begin, after, length)


def _track_chunks(data: bytes) -> Iterator[tuple[int, int]]:
    """Where each track's events begin and should end."""
    position = 8 + int.from_bytes(data[4:8])
    while position + 8 <= len(data):
        end = position + 8 + int.from_bytes(data[position + 4 : position + 8])
        if data[position : position + 4] == b"MTrk":
            yield position + 8, end
        position = end


def _read_track(data: bytes, position: int, end: int, tick: int, flat: array[int]) -> int:
    """Append (tick, status, begin, end) of each event to `flat`; return the tick at which the track ends."""
    running = 0
    while position < end:
        delta = data[position]
        position += 1
        if delta > 0x7F:
            delta, position = read_number(data, position - 1)
        tick += delta
        status = data[position]
        if status > 0x7F:
            position += 1
            if status < SYSEX:  # else no message to a channel, which leaves running status as it is
                running = status
        elif running:
            status = running
        else:
            raise DamagedError("has data where an event should begin")
        begin = position
        position += _DATA_BYTES_OF_STATUS[status]
        if status < KEY_PRESSURE:  # a note off or a note on
            if (data[begin] | data[begin + 1]) > 0x7F:
                raise DamagedError("has a note that MIDI cannot hold")
        elif status == META:
            length, position = read_number(data, begin + 1)
            position += length
            if position > len(data):
                raise IndexError
            if data[begin] == END_OF_TRACK:
                return tick
        elif status in (SYSEX, SYSEX_CONTINUED):
            length, position = read_number(data, begin)
            position += length
        flat.extend((tick, status, begin, position))
    if max(position, end) > len(data):
        raise IndexError
    return tick


def read_number(data: bytes, position: int) -> tuple[int, int]:
    """A number of seven bits a byte, at most four bytes, and the position after it."""
    value = 0
    for after in range(position + 1, position + 5):
        byte = data[after - 1]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, after
    raise DamagedError("has a number longer than MIDI allows")
