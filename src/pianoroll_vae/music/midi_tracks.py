"""The tracks of somebody's MIDI file, kept as they are: everything but the notes that make room for new ones.

Controllers, pitch bends, lyrics, tempo and meter go through untouched, byte for byte. The file must be one that
`midi_score.parse_score` has read: this module trusts it, and counts notes on in the same order. It knows nothing of
bands or songs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.midi import chunk, meta_event, variable_length

Event = tuple[int, bytes]
"""Tick and message, its status always spelt out."""

Track = list[Event]

NAME, END_OF_TRACK, TEMPO = 0x03, 0x2F, 0x51
NOTE_OFF, NOTE_ON, CONTROL, PROGRAM = 0x80, 0x90, 0xB0, 0xC0
_META, _SYSEX = 0xFF, (0xF0, 0xF7)
_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2, 0xF1: 1, 0xF2: 2, 0xF3: 1}


def split_tracks(data: bytes) -> list[Track]:
    """The events of every track; the patterns of a type 2 file one after the other, each beginning on a beat."""
    if data[:4] == b"RIFF":
        data = data[20:]
    patterns, division = int.from_bytes(data[8:10]) == 2, int.from_bytes(data[12:14])
    tracks = []
    position, begin = 8 + int.from_bytes(data[4:8]), 0
    while position + 8 <= len(data):
        end = position + 8 + int.from_bytes(data[position + 4 : position + 8])
        if data[position : position + 4] == b"MTrk":
            track, last = _events(data, position + 8, end, begin)
            tracks.append(track)
            if patterns:
                begin = -(-last // division) * division
        position = end
    return tracks


def keep_notes(tracks: Iterable[Track], keep: NDArray[np.bool_], channels: set[int]) -> list[Track]:
    """The tracks with only those notes that `keep` (notes,) says, in the order of the file.

    What is said to other channels than `channels` goes with the notes; tracks left without events fall away.
    """
    wanted = iter(keep.tolist())
    kept = [list(_kept(track, wanted, channels)) for track in tracks]
    return [track for track in kept if track]


def without_tempo(tracks: Iterable[Track]) -> list[Track]:
    """The tracks without their tempo changes."""
    return [[(tick, event) for tick, event in track if event[:2] != bytes([_META, TEMPO])] for track in tracks]


def said_of(tracks: Iterable[Track], channel: int, control: int) -> bytes | None:
    """The first setting of a controller on a channel, if there is one."""
    wanted = bytes([CONTROL | channel, control])
    first = min(((tick, event) for track in tracks for tick, event in track if event[:2] == wanted), default=None)
    return first[1] if first else None


def meta(kind: int, payload: bytes) -> bytes:
    """A meta event as a message."""
    return meta_event(kind, payload)[1:]


def track_chunk(track: Track) -> bytes:
    """A track as it stands in a file, closed by its end."""
    content, now = [], 0
    for tick, event in track:
        content += [variable_length(tick - now), event]
        now = tick
    return chunk(b"MTrk", b"".join(content) + meta_event(END_OF_TRACK, b""))


def _events(data: bytes, position: int, end: int, tick: int) -> tuple[Track, int]:
    """The events between two places of the file, without the end of track, and the tick of the last one."""
    track: Track = []
    running = 0
    while position < end:
        delta, position = _number(data, position)
        tick += delta
        status = data[position]
        if status > 0x7F:
            position += 1
            running = status if status < 0xF0 else running
        else:
            status = running
        begin = position
        if status == _META:
            length, position = _number(data, position + 1)
            position += length
            if data[begin] == END_OF_TRACK:
                return track, tick
        elif status in _SYSEX:
            length, position = _number(data, position)
            position += length
        else:
            position += _DATA_BYTES.get(status if status >= 0xF0 else status >> 4, 0)
        track.append((tick, bytes([status]) + data[begin:position]))
    return track, tick


def _kept(track: Track, wanted: Iterator[bool], channels: set[int]) -> Iterator[Event]:
    sounding: dict[tuple[int, int], bool] = {}  # channel and pitch -> whether the note that sounds is kept
    for tick, event in track:
        kind, channel = event[0] >> 4, event[0] & 0x0F
        if kind == 0x9 and event[2]:
            was_kept, keep = sounding.get((channel, event[1]), False), next(wanted)
            sounding[channel, event[1]] = keep
            if was_kept and not keep:  # the stroke that leaves would have ended the note before it
                yield tick, bytes([NOTE_OFF | channel, event[1], 64])
        elif kind in (0x8, 0x9):
            keep = sounding.get((channel, event[1]), False)
        else:
            keep = kind == 0xF or channel in channels
        if keep:
            yield tick, event


def _number(data: bytes, position: int) -> tuple[int, int]:
    value = 0
    while True:
        byte = data[position]
        position += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, position
