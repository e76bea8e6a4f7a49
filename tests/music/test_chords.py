"""Chords are read, heard and followed."""

import numpy as np
import pytest

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.chords import (
    CHORD_QUALITIES,
    chord_tone_share,
    chord_tone_share_of_rolls,
    parse_chord,
    parse_chords,
    recognise_chords,
    snap_to_chords,
)
from pianoroll_vae.music.notes import Notes

DRUMS = LPD5.drums


def tones(symbol: str) -> set[int]:
    return set(np.flatnonzero(parse_chord(symbol)).tolist())


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("C", {0, 4, 7}),
        ("Am", {9, 0, 4}),
        ("F#m7", {6, 9, 1, 4}),
        ("Bb7", {10, 2, 5, 8}),
        ("Gsus4", {7, 0, 2}),
        ("Cmaj7", {0, 4, 7, 11}),
        ("CM7", {0, 4, 7, 11}),
        ("Bdim", {11, 2, 5}),
        ("C/D", {0, 4, 7, 2}),
        ("Eb+", {3, 7, 11}),
        ("Am7b5", {9, 0, 3, 7}),
    ],
)
def test_chord_symbols_are_read_as_musicians_write_them(symbol: str, expected: set[int]) -> None:
    assert tones(symbol) == expected


@pytest.mark.parametrize("quality", sorted(CHORD_QUALITIES))
def test_every_quality_has_its_root(quality: str) -> None:
    assert 5 in tones(f"F{quality}")


@pytest.mark.parametrize("symbol", ["H", "Cmoll", "am", "1", "/C"])
def test_what_is_no_chord_is_refused_with_an_example(symbol: str) -> None:
    with pytest.raises(SettingInvalid, match="no chord") as caught:
        parse_chord(symbol)
    assert "Am F C G" in caught.value.hint


def test_a_chord_holds_a_bar_and_the_progression_begins_again() -> None:
    harmony = parse_chords("Am | F, .", 16)
    assert np.array_equal(harmony[0], parse_chord("Am"))
    assert np.array_equal(harmony[7], parse_chord("F"))
    assert harmony[8].all()
    assert np.array_equal(harmony[12], harmony[0])
    assert np.array_equal(parse_chords("Am F", 6, beats_per_bar=3)[3], parse_chord("F"))


def chord(pitches: list[int], start: int, length: int, instrument: int = 0) -> Notes:
    n = len(pitches)
    return Notes.tidy(np.full(n, instrument), pitches, np.full(n, start), np.full(n, length), np.full(n, 80))


def test_the_harmony_of_a_half_bar_is_that_of_what_sounds_longest() -> None:
    notes = Notes.concatenate([chord([57, 60, 64], 0, 8), chord([65, 69, 72], 8, 8), chord([61], 0, 1)])
    harmony = recognise_chords(notes, DRUMS, beats=6, steps_per_beat=4)
    assert np.array_equal(harmony[:2], np.tile(parse_chord("Am"), (2, 1)))
    assert np.array_equal(harmony[2:4], np.tile(parse_chord("F"), (2, 1)))
    assert harmony[4:].all(), "where nothing sounds, everything fits"


def test_drums_have_no_harmony() -> None:
    assert recognise_chords(chord([36, 38], 0, 8, instrument=4), DRUMS, 2, 4).all()


def test_the_share_of_chord_tones_is_of_the_time_that_notes_sound_or_of_beats_one_and_three() -> None:
    harmony = parse_chords("C", 4)
    notes = Notes.concatenate([chord([60], 0, 5), chord([61], 5, 2), chord([61], 8, 3), chord([37], 0, 9, 4)])
    assert chord_tone_share(notes, DRUMS, harmony, 4) == 0.5
    assert chord_tone_share(notes, DRUMS, harmony, 4, strong_beats=True) == 0.5
    assert chord_tone_share(notes[notes.start < 8], DRUMS, harmony, 4, strong_beats=True) == 1.0
    assert np.isnan(chord_tone_share(Notes.empty(), DRUMS, harmony, 4))


def test_notes_are_led_to_the_nearest_chord_tone_only_where_they_sound_on_strong_beats() -> None:
    harmony = parse_chords("C", 4)
    notes = Notes.concatenate(
        [chord([61], 0, 4), chord([66], 5, 2), chord([66], 6, 4), chord([37], 8, 4, instrument=4)]
    )
    snapped = snap_to_chords(notes, DRUMS, harmony, 4)
    assert list(zip(snapped.pitch.tolist(), snapped.start.tolist(), strict=True)) == [
        (60, 0),
        (66, 5),
        (67, 6),
        (37, 8),
    ]
    assert chord_tone_share(snapped, DRUMS, harmony, 4, strong_beats=True) == 1.0


def test_what_fits_better_scores_higher_and_silence_fits_nothing() -> None:
    harmony = parse_chords("C", 4)
    rolls = np.zeros((3, 16, 128), np.uint8)
    rolls[0, :, 60] = rolls[1, :, 60] = rolls[1, :, 61] = 80
    assert chord_tone_share_of_rolls(rolls, harmony).tolist() == [1.0, 0.5, 0.0]


def test_a_note_held_into_another_chord_ends_where_that_begins() -> None:
    harmony = parse_chords("C Am F G", 16)
    notes = Notes.tidy([0, 0, 1], [60, 67, 38], [0, 0, 0], [64, 64, 64], [90, 90, 90])
    snapped = snap_to_chords(notes, np.array([False, True]), harmony, 4)
    assert snapped.pitch.tolist() == [60, 67, 38]
    assert snapped.length.tolist() == [48, 16, 64], "C is in C, Am and F; G in C alone; drums have no chord"
    assert chord_tone_share(snapped, np.array([False, True]), harmony, 4, strong_beats=True) == 1.0


def test_in_three_four_the_strong_beats_are_the_first_ones() -> None:
    harmony = parse_chords("C F", 6, 3)
    notes = Notes.tidy([0, 0], [66, 61], [8, 12], [4, 4], [90, 90])
    snapped = snap_to_chords(notes, np.array([False]), harmony, 4, strong=3)
    assert sorted(zip(snapped.start.tolist(), snapped.pitch.tolist(), strict=True)) == [(8, 66), (12, 60)]
