"""Keys are found and kept."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.key import (
    SCALES,
    Key,
    in_key_share,
    key_of_notes,
    key_of_text,
    key_text,
    nearest_octave,
    parse_key,
    snap_to_key,
)
from pianoroll_vae.music.notes import Notes

DRUMS = LPD5.drums
CHROMATIC = Notes.tidy(
    np.repeat([0, 4], 128), np.tile(np.arange(128), 2), np.zeros(256), np.full(256, 4), np.full(256, 80)
)


def tune(*pitches: int) -> Notes:
    count = len(pitches)
    return Notes.tidy(np.zeros(count), pitches, np.arange(count) * 24, np.full(count, 24), np.full(count, 80))


def test_a_transposition_by_more_than_half_an_octave_becomes_the_nearest_one() -> None:
    assert nearest_octave(np.array([-11, -7, -6, 0, 6, 7, 11])).tolist() == [1, 5, -6, 0, 6, -5, -1]
    assert nearest_octave(np.array([-6, 5, -2]), 5).tolist() == [6, 5, 10]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A minor", Key(9, "minor")),
        ("Am", Key(9, "minor")),
        ("F#", Key(6)),
        ("Bb dorian", Key(10, "dorian")),
        ("e♭ harmonic minor", Key(3, "harmonic minor")),
        ("C major scale", Key(0)),
        ("Cb", Key(11)),
    ],
)
def test_keys_are_read_as_musicians_write_them(text: str, key: Key) -> None:
    assert parse_key(text) == key


@pytest.mark.parametrize(("text", "hint"), [("H minor", "A minor"), ("A mino", "minor"), ("", "A minor")])
def test_what_is_no_key_is_refused_with_an_example(text: str, hint: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        parse_key(text)
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("pitches", "key"),
    [
        ((60, 64, 67, 72, 65, 69, 60, 62, 67, 71, 62, 60), Key(0)),
        ((69, 72, 76, 69, 74, 77, 69, 71, 76, 68, 71, 69), Key(9, "minor")),
        ((62, 66, 69, 74, 67, 71, 62, 64, 69, 73, 64, 62), Key(2)),
    ],
)
def test_the_key_of_a_tune_is_found(pitches: tuple[int, ...], key: Key) -> None:
    assert key_of_notes(tune(*pitches), DRUMS) == key


def test_nothing_pitched_has_no_key_and_is_left_alone() -> None:
    assert key_of_notes(tune(), DRUMS) is None
    assert not len(snap_to_key(tune(), DRUMS, Key(0)))


@given(st.integers(0, 11), st.sampled_from(sorted(SCALES)), st.booleans())
def test_locked_notes_are_all_in_the_key_and_drums_as_they_were(root: int, scale: str, drop: bool) -> None:
    key = Key(root, scale)
    snapped = snap_to_key(CHROMATIC, DRUMS, key, drop)
    assert in_key_share(snapped, DRUMS, key) == 1.0
    assert snapped[snapped.instrument == 4] == CHROMATIC[CHROMATIC.instrument == 4]
    assert set(snapped.pitch[snapped.instrument == 0].tolist()) == {p for p in range(128) if key.tones[p % 12]}


def test_a_note_moves_no_further_than_it_must() -> None:
    notes = tune(61, 66, 70)
    assert snap_to_key(notes, DRUMS, Key(0)).pitch.tolist() == [60, 65, 69]


@given(st.integers(0, 11), st.sampled_from(sorted(SCALES)))
def test_a_key_comes_back_from_the_line_of_a_chart_file(root: int, scale: str) -> None:
    assert key_of_text(key_text(Key(root, scale))) == Key(root, scale)


@pytest.mark.parametrize("text", ["Am", "{key: H minor}", "{title: A minor}", "{key: }", ""])
def test_a_line_that_names_no_key_has_none(text: str) -> None:
    assert key_of_text(text) is None


def test_relative_keys_have_one_signature() -> None:
    assert Key(9, "minor").relative == Key(0)
    assert Key(3).relative == Key(0, "minor")
    assert all(Key(root).relative.relative == Key(root) for root in range(12))


@pytest.mark.parametrize(
    ("key", "full"),
    [("A minor pentatonic", "A minor"), ("C pentatonic", "C major"), ("E blues", "E minor"), ("D dorian", "D dorian")],
)
def test_scales_of_fewer_than_seven_tones_are_part_of_a_major_or_minor_one(key: str, full: str) -> None:
    assert parse_key(key).full_scale == parse_key(full)
