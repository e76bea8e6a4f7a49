"""Songs and the key that an option names."""

import numpy as np
import pytest

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.key import Key, parse_key
from pianoroll_vae.music.notes import Notes
from pianoroll_vae.music.song import Song
from pianoroll_vae.music.song_key import is_in_key, resolve_key, semitones_to_key


def tune(*pitches: int) -> Song:
    count = len(pitches)
    notes = Notes.tidy(np.zeros(count), pitches, np.arange(count) * 24, np.full(count, 24), np.full(count, 80))
    return Song(LPD5, notes, count * 24, 24)


def test_a_scale_alone_takes_its_tonic_from_the_song() -> None:
    assert resolve_key(None, "blues", tune(69, 72, 76, 69, 74, 77, 69, 71, 76, 68, 71, 69)) == Key(9, "blues")
    assert resolve_key("C", "dorian", tune(61)) == Key(0, "dorian")
    assert resolve_key("none", None, tune(60)) is None
    assert resolve_key("auto", None, tune()) is None


MINOR = tune(69, 72, 76, 69, 74, 77, 69, 71, 76, 68, 71, 69)


@pytest.mark.parametrize(
    ("key", "semitones"),
    [
        ("A minor", 0),
        ("C major", 0),
        ("D minor", 5),
        ("E minor", -5),
        ("Eb minor", 6),
        ("A major", -3),
        ("B dorian", 2),
    ],
)
def test_a_song_is_brought_to_a_key_of_its_mode_or_to_the_relative_one(key: str, semitones: int) -> None:
    assert semitones_to_key(MINOR, parse_key(key)) == semitones


def test_a_song_is_in_a_key_where_no_transposition_brings_much_more_of_it_there() -> None:
    assert is_in_key(MINOR, parse_key("A minor"))
    assert is_in_key(MINOR, parse_key("C major"))
    assert not is_in_key(MINOR, parse_key("C minor"))
    assert not is_in_key(MINOR, parse_key("D minor"))
    assert is_in_key(tune(), parse_key("C minor"))
