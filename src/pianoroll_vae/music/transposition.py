"""Moves pitched notes by semitones, in songs and in the tracks of MIDI files; drums stay."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.chord_labels import chord_symbol, parse_chord_label, transpose_labels
from pianoroll_vae.music.key import key_of_text, key_text
from pianoroll_vae.music.midi_messages import (
    DRUM_CHANNEL,
    KEY_PRESSURE,
    KEY_SIGNATURE,
    META,
    NOTE_OFF,
    TEXT,
    meta_message,
)
from pianoroll_vae.music.midi_tracks import Track
from pianoroll_vae.music.notes import PITCHES, Notes
from pianoroll_vae.music.song import Song

MAX_SEMITONES = 24


def transposed_pitch(pitch: NDArray[np.int64] | int, semitones: int) -> NDArray[np.int64]:
    """Pitches moved by semitones, and by octaves where MIDI ends."""
    moved = np.asarray(pitch, np.int64) + semitones
    return np.where(moved < 0, moved % 12, np.where(moved >= PITCHES, moved - (moved - PITCHES + 12) // 12 * 12, moved))


def transpose_song(song: Song, semitones: int) -> Song:
    """The song with its pitched notes and its key signature moved."""
    if not semitones:
        return song
    notes = song.notes
    drums = song.band.drums[notes.instrument]
    pitch = np.where(drums, notes.pitch, transposed_pitch(notes.pitch.astype(np.int64), semitones))
    moved = Notes.tidy(notes.instrument, pitch, notes.start, notes.length, notes.velocity)
    signature = song.key_signature and song.key_signature.transposed(semitones)
    return replace(song, notes=moved, key_signature=signature)


def transpose_track(track: Track, semitones: int) -> Track:
    """The track with its notes, key signatures and chord symbols moved."""
    return [(tick, _transposed(event, semitones)) for tick, event in track] if semitones else track


def _transposed(event: bytes, semitones: int) -> bytes:
    status = event[0]
    if NOTE_OFF <= status < KEY_PRESSURE + 16:
        if status & 0x0F == DRUM_CHANNEL:
            return event
        return bytes([status, int(transposed_pitch(event[1], semitones)), *event[2:]])
    if event[:2] == bytes([META, KEY_SIGNATURE]) and len(event) == 5:
        sharps = (int.from_bytes(event[3:4], signed=True) + 7 * semitones + 5) % 12 - 5
        return meta_message(KEY_SIGNATURE, sharps.to_bytes(1, signed=True) + event[4:])
    if event[:2] == bytes([META, TEXT]):
        return _transposed_text(event, semitones)
    return event


def _transposed_text(event: bytes, semitones: int) -> bytes:
    """A text that is a chord symbol or names a key, moved; any other text as it is."""
    text = event[3:].decode("latin-1")
    key = key_of_text(text) if len(event) < 128 else None
    if key is not None:
        return meta_message(TEXT, key_text(key.transposed(semitones)).encode())
    try:
        label, simplified = parse_chord_label(text)
    except SettingInvalid:
        return event
    if simplified or len(event) > 12:
        return event
    moved = int(transpose_labels(np.array(label), semitones))
    return meta_message(TEXT, chord_symbol(moved, flats="b" in text).encode())
