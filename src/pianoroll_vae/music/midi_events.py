"""One MIDI track after another, event by event, into flat columns.

Reads bytes that nobody vouches for: whatever they hold, it ends in columns or in one `DamagedError`, in time and memory
proportional to the bytes. What the columns mean for music is `midi_score`'s affair.
"""

from __future__ import annotations

from array import array

import numpy as np
from numpy.typing import NDArray

PORT, CHANNEL, PROGRAM, PITCH, START, END, VELOCITY = range(7)
"""The columns of `Heard.notes`."""

NEVER = -1
"""The end of a note that is never released, and the program of a channel whose track names none."""

_DATA_BYTES = {0xA: 2, 0xB: 2, 0xD: 1, 0xE: 2, 0xF1: 1, 0xF2: 2, 0xF3: 1}


class DamagedError(Exception):
    """The bytes are no music; says how the sentence "this file …" goes on, and what to do."""

    def __init__(self, what: str, hint: str = "Export it again from the program that made it.") -> None:
        super().__init__(what)
        self.hint = hint


class Heard:
    """What the tracks have said so far, flat, so that a hostile file costs bytes and not objects."""

    def __init__(self) -> None:
        self.notes = array("q")  # seven numbers a note: PORT … VELOCITY
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
            raise DamagedError("breaks off in the middle") from None

    def _events(self, data: bytes, position: int, end: int, index: int, tick: int) -> int:
        notes = self.notes
        sounding: dict[int, int] = {}  # channel and pitch -> where its note stands in `notes`
        cut_now: dict[int, int] = {}  # channel and pitch -> tick at which one note cut another
        program = [NEVER] * 16
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
                raise DamagedError("has data where an event should begin")
            kind = status >> 4
            if kind <= 0x9:
                pitch, velocity = data[position], data[position + 1]
                position += 2
                if (pitch | velocity) > 0x7F:
                    raise DamagedError("has a note that MIDI cannot hold")
                channel = status & 0x0F
                key = channel << 7 | pitch
                at = sounding.get(key)
                if kind == 0x9 and velocity:
                    if at is not None:
                        notes[at + END] = tick
                        cut_now[key] = tick
                    sounding[key] = len(notes)
                    notes.extend((port, channel, program[channel], pitch, tick, NEVER, velocity))
                elif at is not None:
                    # A release at the very tick of a second stroke means the first: some programs write them so.
                    if notes[at + START] == tick and cut_now.pop(key, -1) == tick:
                        continue
                    notes[at + END] = tick
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


def _long_number(data: bytes, position: int) -> tuple[int, int]:
    """A number of seven bits a byte, at most four bytes, and the position after it."""
    value = 0
    for after in range(position + 1, position + 5):
        byte = data[after - 1]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, after
    raise DamagedError("has a number longer than MIDI allows")


def table(flat: array[int], columns: int) -> NDArray[np.int64]:
    """A flat column of numbers as rows."""
    return np.array(flat, dtype=np.int64).reshape(-1, columns)


def _readable(text: bytes) -> str:
    """A name on one line: UTF-8 where it is UTF-8, else the Latin-1 of older programs."""
    try:
        words = text[:400].decode()
    except UnicodeDecodeError:
        words = text[:400].decode("latin-1")
    return "".join(letter if letter.isprintable() else " " for letter in words).strip()
