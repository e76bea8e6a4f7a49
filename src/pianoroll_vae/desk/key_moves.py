"""Moves what a verb has written to the key that is asked for, as a whole: so no mode becomes another."""

from dataclasses import replace
from typing import Literal

from pianoroll_vae.music.arrangement import Arrangement
from pianoroll_vae.music.key import Key
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.song_key import is_in_key, semitones_to_key
from pianoroll_vae.music.transposition import transpose_song

KeyMove = Literal["new", "all", "nothing"]
"""What is moved to a key: new notes, kept notes too, or nothing where new notes are written in it."""


def move_to_key(arrangement: Arrangement, key: Key, what: KeyMove) -> Arrangement:
    """The arrangement transposed to a key: new notes by as much as the whole song is away from it."""
    if what == "nothing":
        return arrangement
    if arrangement.source_midi is None or what == "all":
        return arrangement.transposed(semitones_to_key(arrangement.song(), key))
    return replace(arrangement, new=transpose_song(arrangement.new, semitones_beside(arrangement.song(), key)))


def semitones_beside(song: Song, key: Key) -> int:
    """By how many semitones new parts are transposed to a key where the song's own parts stay; 0 where the song can be
    in the key."""
    return 0 if is_in_key(song, key) else semitones_to_key(song, key)


def what_moves(may_change: bool) -> KeyMove:
    """may_change: whether the verb may change every note of the song."""
    return "all" if may_change else "new"
