"""A count-in: a bar of clicks before a song begins."""

from __future__ import annotations

from pianoroll_vae.music.joined_tracks import note_events
from pianoroll_vae.music.midi_messages import (
    CUE,
    DRUM_CHANNEL,
    KEY_PRESSURE,
    LYRICS,
    MARKER,
    META,
    NOTE_OFF,
    TEXT,
    TRACK_NAME,
    meta_message,
)
from pianoroll_vae.music.midi_tracks import Track, file_bytes
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.source_midi import SourceMidi

FIRST, OTHERS = (76, 115), (77, 95)
"""Key and velocity of a bar's first click and of the others: the wood blocks of General MIDI."""

CLICK = "Click"
WITH_THE_MUSIC = (TEXT, LYRICS, MARKER, CUE)
"""Kinds of meta events that belong to a place in the music, even at its very beginning."""


def with_count_in(source_midi: SourceMidi) -> bytes:
    """The MIDI file a bar later, and a track of clicks in its first bar, one for each beat of the meter.

    Programs, controllers, tempo and meter of the beginning stay there, so that they hold from the count-in on.
    """
    score = source_midi.score
    over, under = next(((over, under) for tick, over, under in score.meters if tick == 0), score.first_meter)
    beat = score.ticks_per_beat * 4 // under
    tracks = [_delayed(track, beat * over) for track in source_midi.tracks]
    keys, velocities = zip(FIRST, *[OTHERS] * (over - 1), strict=True)
    start = [number * beat for number in range(over)]
    clicks = Notes.tidy([0] * over, keys, start, [max(beat // 4, 1)] * over, velocities)
    head = (0, meta_message(TRACK_NAME, CLICK.encode()))
    return file_bytes([*tracks, [head, *note_events(clicks, DRUM_CHANNEL)]], score.ticks_per_beat)


def _delayed(track: Track, ticks: int) -> Track:
    """The track so many ticks later; settings at its beginning stay."""
    moved = [(tick + ticks if tick or _is_music(event) else 0, event) for tick, event in track]
    return sorted(moved, key=lambda entry: entry[0])


def _is_music(event: bytes) -> bool:
    if event[0] == META:
        return event[1] in WITH_THE_MUSIC
    return NOTE_OFF <= event[0] < KEY_PRESSURE
