"""Puts new notes into the tracks of a MIDI file, each instrument's on the track and channel it already has.

A key of a channel sounds once at a time: a new note ends a kept one that still sounds on its pitch, and a kept note
ends a new one. A new note where a kept one begins is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pianoroll_vae.music.midi_messages import (
    CONTROL_CHANGE,
    EXPRESSION,
    MODULATION,
    NOTE_OFF,
    NOTE_ON,
    PITCH_BEND,
    SUSTAIN,
    VOLUME,
)
from pianoroll_vae.music.midi_tracks import Event, Track
from pianoroll_vae.music.notes import Notes

NEUTRAL = {MODULATION: 0, SUSTAIN: 0}
"""Controllers that a continuation begins with released."""

CENTRE = b"\x00\x40"
"""A pitch bend that bends nothing."""


class TrackChannel(NamedTuple):
    """Where an instrument plays in a file: the index of a track, and a channel."""

    track: int
    channel: int


def note_events(notes: Notes, channel: int) -> Track:
    """Notes on ticks as events; at one tick note offs come first, else a repeated note would end as it begins."""
    events = [(end, bytes([NOTE_OFF | channel, p, 0])) for p, end in zip(notes.pitch, notes.end.tolist(), strict=True)]
    columns = zip(notes.pitch, notes.start.tolist(), notes.velocity, strict=True)
    events += [(start, bytes([NOTE_ON | channel, pitch, velocity])) for pitch, start, velocity in columns]
    return sorted(events)


def join_notes(track: Track, notes: Notes, channel: int) -> Track:
    """A track with notes on ticks added to a channel; its own events stay in their order."""
    kept = [(tick, 1, number, event) for number, (tick, event) in enumerate(track)]
    new = [
        (tick, 0 if event[0] >> 4 == NOTE_OFF >> 4 else 2, number, event)
        for number, (tick, event) in enumerate(note_events(notes, channel))
    ]
    merged = sorted(kept + new)
    return list(_one_voice_a_key(((tick, event, place != 1) for tick, place, _, event in merged), channel))


def _one_voice_a_key(merged: Iterable[tuple[int, bytes, bool]], channel: int) -> Iterator[Event]:
    """The events (tick, event, whether it is new) with each key of the channel held by one note at a time."""
    holder: dict[int, tuple[bool, int]] = {}  # pitch -> whether the note that sounds is new, and where it began
    for tick, event, is_new in merged:
        kind, pitch = event[0] >> 4, event[1] if len(event) > 1 else 0
        if kind not in (0x8, 0x9) or event[0] & 0x0F != channel:
            yield tick, event
            continue
        sounding = holder.get(pitch)
        crosses = sounding is not None and sounding[0] != is_new
        if kind == 0x9 and event[2]:
            if crosses and sounding == (False, tick):
                continue
            if crosses:
                yield tick, bytes([NOTE_OFF | channel, pitch, 0])
            holder[pitch] = is_new, tick
            yield tick, event
        elif not crosses and (sounding or not is_new):
            holder.pop(pitch, None)
            yield tick, event


def restored_sound(tracks: Iterable[Track], channel: int, middle: int, tick: int) -> Track:
    """Messages at `tick` that undo a fade-out, a bend or a pedal: the volume that a channel has at the tick `middle`,
    and no bend, modulation or pedal."""
    messages = [
        (at, event)
        for track in tracks
        for at, event in track
        if event[0] in (CONTROL_CHANGE | channel, PITCH_BEND | channel)
    ]
    restored: Track = []
    for control in (VOLUME, EXPRESSION, MODULATION, SUSTAIN):
        wanted = bytes([CONTROL_CHANGE | channel, control])
        settings = [(at, event) for at, event in messages if event[:2] == wanted]
        now, before = _last(settings, tick), _last(settings, middle)
        value = bytes([NEUTRAL[control]]) if control in NEUTRAL else before and before[2:]
        if now and value and now[2:] != value:
            restored.append((tick, wanted + value))
    bend = _last([(at, event) for at, event in messages if event[0] == PITCH_BEND | channel], tick)
    if bend and bend[1:] != CENTRE:
        restored.append((tick, bytes([PITCH_BEND | channel]) + CENTRE))
    return restored


def _last(messages: Iterable[Event], tick: int) -> bytes | None:
    """The last of these messages until a tick."""
    until = [(at, number, event) for number, (at, event) in enumerate(messages) if at <= tick]
    return max(until)[2] if until else None
