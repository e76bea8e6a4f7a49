"""Reads the events of a MIDI file into flat columns.

The bytes may be damaged or hostile: reading ends in `MidiEvents` or in one `DamagedError`, in time and memory
proportional to the bytes. `midi_chunks` finds the tracks, `midi_score` makes notes of the events, `midi_tracks` makes
tracks of them.

The rules where the format leaves room; `midi_chunks` has those of the header and the chunks:

* No event reaches beyond the end of its track's chunk: such a file is damaged.
* A text or a system exclusive message between two messages does not end running status.
* A track may lack its end of track where another chunk or the end of the file follows. Behind an end of track there
  may be zeros, but nothing else.
* The tracks of a type 2 file are patterns: they are read one after the other, each beginning on a beat.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.midi_chunks import Damage, DamagedError, find_tracks, is_boundary, read_header
from pianoroll_vae.music.midi_messages import END_OF_TRACK, KEY_PRESSURE, META, SYSEX, SYSEX_CONTINUED
from pianoroll_vae.music.notes import Column

_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2, 0xF1: 1, 0xF2: 2, 0xF3: 1}
BREAKS_OFF = "breaks off in the middle"
_DATA_BYTES_OF_STATUS = bytes(_DATA_BYTES.get(s if s >= SYSEX else s >> 4, 0) for s in range(256))


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

    unread: tuple[str, ...] = ()
    """What of the file is not read, and why. Each continues the sentence "this file …"."""

    @cached_property
    def track(self) -> Column:
        """(events,)"""
        return np.repeat(np.arange(len(self.first) - 1), np.diff(self.first))

    @cached_property
    def bytes(self) -> NDArray[np.uint8]:
        """(bytes of the file,)"""
        return np.frombuffer(self.data, np.uint8)


def read_events(data: bytes, salvage: bool = False) -> MidiEvents:
    """The events of a whole MIDI file; with `salvage`, of all that can be read of it."""
    damage = Damage(salvage)
    header = read_header(data, damage)
    flat = array("q")  # four numbers an event, so that a hostile file costs bytes and not objects
    begins, first = [], [0]
    length = start_tick = 0
    for begin, end in find_tracks(data, header, damage):
        track = data[begin:end]
        try:
            last, rest = _read_track(track, start_tick, flat)
        except (IndexError, DamagedError) as fault:
            last = _report_fault(fault, track, len(first), flat[4 * first[-1] :], header.ticks_per_beat, damage)
        else:
            _check_end(data, end, track, rest, len(first), damage)
        begins.append(begin)
        first.append(len(flat) // 4)
        length = max(length, last)
        if header.kind == 2:
            start_tick = -(-last // header.ticks_per_beat) * header.ticks_per_beat  # the next pattern starts on a beat
    if not begins:
        raise DamagedError("has no tracks")
    tick, status, begin_in_track, end_in_track = np.array(flat, np.int64).reshape(-1, 4).T
    offset = np.repeat(begins, np.diff(first))
    return MidiEvents(
        data,
        header.ticks_per_beat,
        np.array(first),
        tick,
        status,
        begin_in_track + offset,
        end_in_track + offset,
        length,
        tuple(damage.unread),
    )


def _check_end(data: bytes, end: int, track: bytes, rest: int | None, number: int, damage: Damage) -> None:
    """Report events that are lost behind the end of a track; `rest` as `_read_track` returns it."""
    if rest is None and end > len(data):
        damage.report(f"{BREAKS_OFF}, in track {number}", f"{end - len(data):,} bytes are missing")
    elif rest is None and not is_boundary(data, end):
        damage.report(f"has no end of track {number} where its length says", f"{len(data) - end:,} bytes are not read")
    elif rest and any(track[-rest:]):
        damage.report(f"has {rest:,} bytes behind the end of track {number}", "they are not read")


def _report_fault(
    fault: Exception, track: bytes, number: int, events: array[int], ticks_per_beat: int, damage: Damage
) -> int:
    """Report the fault that ends a track early; return the tick of the last of its events that was read."""
    what = str(fault) if isinstance(fault, DamagedError) else BREAKS_OFF
    tick, read = (events[-4], events[-1]) if events else (0, 0)
    lost = f"{len(track) - read:,} of its {len(track):,} bytes are not read, from beat {tick // ticks_per_beat:,} on"
    damage.report(f"{what}, in track {number}", lost)
    return tick


def _read_track(data: bytes, tick: int, flat: array[int]) -> tuple[int, int | None]:
    """Append (tick, status, begin, end) of each event of a track to `flat`.

    Returns the tick at which it ends, and how many bytes follow its end of track, None where it has none. `data` are
    the bytes of the track's chunk; an event that reaches beyond them is an IndexError.
    """
    running = position = 0
    end = len(data)
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
            position = _end_of_payload(data, begin + 1)
            if position > end:
                raise IndexError
            if data[begin] == END_OF_TRACK:
                return tick, end - position
        elif status in (SYSEX, SYSEX_CONTINUED):
            position = _end_of_payload(data, begin)
        if position > end:
            raise IndexError
        flat.extend((tick, status, begin, position))
    return tick, None


def _end_of_payload(data: bytes, position: int) -> int:
    """Where the bytes end whose number stands at a position."""
    length, position = read_number(data, position)
    return position + length


def read_number(data: bytes, position: int) -> tuple[int, int]:
    """A number of seven bits a byte, at most four bytes, and the position after it."""
    value = 0
    for after in range(position + 1, position + 5):
        byte = data[after - 1]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, after
    raise DamagedError("has a number longer than MIDI allows")
