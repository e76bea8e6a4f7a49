"""The tracks of a MIDI file, kept as they are: everything but the notes that make room for new ones.

Controllers, pitch bends, lyrics, tempo and meter stay byte for byte. Notes are counted as in `midi_score`: one for each
note on, in the order of the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.midi_events import MidiEvents
from pianoroll_vae.music.midi_messages import (
    CONTROL_CHANGE,
    END_OF_TRACK,
    EXPRESSION,
    META,
    NOTE_OFF,
    TEMPO,
    VOLUME,
    chunk,
    meta_event,
    variable_length,
)

Event = tuple[int, bytes]
"""Tick and message, running status filled in."""

Track = list[Event]

LOUDNESS = {VOLUME: "volume", EXPRESSION: "expression"}


def split_tracks(events: MidiEvents) -> list[Track]:
    """The events of every track."""
    columns = (column.tolist() for column in (events.tick, events.status, events.begin, events.end))
    messages = [
        (tick, bytes([status]) + events.data[begin:end]) for tick, status, begin, end in zip(*columns, strict=True)
    ]
    return [messages[start:stop] for start, stop in pairwise(events.first.tolist())]


def keep_notes(tracks: Iterable[Track], keep: NDArray[np.bool_], channels: set[int]) -> list[Track]:
    """The tracks with only the notes where `keep` (notes,) is True; notes are in the order of the file.

    Messages to other channels than `channels` are removed too.
    """
    wanted = iter(keep.tolist())
    return [list(_events_of_kept_notes(track, wanted, channels)) for track in tracks]


def without_tempo(tracks: Iterable[Track]) -> list[Track]:
    """The tracks without their tempo changes."""
    return [[(tick, event) for tick, event in track if event[:2] != bytes([META, TEMPO])] for track in tracks]


def first_control_change(tracks: Iterable[Track], channel: int, control: int) -> bytes | None:
    """The first setting of a controller on a channel, if there is one."""
    wanted = bytes([CONTROL_CHANGE | channel, control])
    first = min(((tick, event) for track in tracks for tick, event in track if event[:2] == wanted), default=None)
    return first[1] if first else None


def silencing_controls(tracks: Iterable[Track], channel: int) -> list[str]:
    """The controllers of loudness that are 0 on a channel whenever they are set: its notes are not heard."""
    settings = [event for track in tracks for _, event in track if event[:1] == bytes([CONTROL_CHANGE | channel])]
    values = {name: {event[2] for event in settings if event[1] == control} for control, name in LOUDNESS.items()}
    return [name for name, of_control in values.items() if of_control == {0}]


def before_tick(tracks: Iterable[Track], tick: int) -> list[Track]:
    """The tracks without the events at a tick or later, but for the ends of notes; notes have been removed before."""
    return [[(at, event) for at, event in track if at < tick or event[0] >> 4 in (0x8, 0x9)] for track in tracks]


def file_bytes(tracks: Sequence[Track], ticks_per_beat: int) -> bytes:
    """A MIDI file of type 1."""
    header = (1).to_bytes(2) + len(tracks).to_bytes(2) + ticks_per_beat.to_bytes(2)
    return chunk(b"MThd", header) + b"".join(track_chunk(track) for track in tracks)


def track_chunk(track: Track) -> bytes:
    """A track as it stands in a file, closed by its end."""
    content, now = [], 0
    for tick, event in track:
        content += [variable_length(tick - now), event]
        now = tick
    return chunk(b"MTrk", b"".join(content) + meta_event(END_OF_TRACK, b""))


def _events_of_kept_notes(track: Track, wanted: Iterator[bool], channels: set[int]) -> Iterator[Event]:
    """wanted: whether each note of these channels is kept, in the order of the file."""
    sounding: dict[tuple[int, int], bool] = {}  # channel and pitch -> whether the note that sounds is kept
    for tick, event in track:
        kind, channel = event[0] >> 4, event[0] & 0x0F
        if kind == 0x9 and event[2]:
            was_kept, keep = sounding.get((channel, event[1]), False), next(wanted)
            sounding[channel, event[1]] = keep
            if was_kept and not keep:  # the removed onset would have ended the note before it
                yield tick, bytes([NOTE_OFF | channel, event[1], 64])
        elif kind in (0x8, 0x9):
            keep = sounding.get((channel, event[1]), False)
        else:
            keep = kind == 0xF or channel in channels
        if keep:
            yield tick, event
