"""Chord symbols and labels."""

import itertools

import numpy as np
import pytest

from pianoroll_vae.errors import SettingInvalid
from pianoroll_vae.music.chord_labels import (
    CHORD_TONES,
    CHORDS,
    NO_CHORD,
    chord_symbol,
    key_of_signature,
    key_signature,
    parse_chord_label,
    roots,
    spells_flats,
    transpose_labels,
)
from pianoroll_vae.music.key import Key, parse_key
from pianoroll_vae.music.midi_messages import key_signature_payload


def test_every_label_comes_back_from_its_symbol() -> None:
    for label in range(CHORDS + 1):
        for flats in (False, True):
            assert parse_chord_label(chord_symbol(label, flats)) == (label, None)


@pytest.mark.parametrize(
    ("symbol", "read_as"),
    [
        ("Cmaj7", "C"),
        ("Am9", "Am7"),
        ("G13", "G7"),
        ("Dsus2", "D5"),
        ("E7sus4", "Esus4"),
        ("Fadd9", "F"),
        ("Bm7b5", "Bm7"),
        ("C#dim", "C#m"),
        ("Bø", "Bm7"),
        ("Eaug", "E"),
        ("A7#9", "A7"),
        ("C6/9", "C"),
        ("G/B", "G"),
        ("Ammaj7", "Am"),
        ("Cmin", "Cm"),
        ("C-7", "Cm7"),
        ("Dsus", "Dsus4"),
    ],
)
def test_a_richer_symbol_is_simplified_with_a_notice(symbol: str, read_as: str) -> None:
    label, notice = parse_chord_label(symbol)
    assert label == parse_chord_label(read_as)[0]
    assert notice == f"{symbol} is read as {read_as}"


@pytest.mark.parametrize("symbol", ["", "H", "am", "Cfoo", "C4x", "/G", "C//", "1"])
def test_what_is_no_chord_is_refused_with_examples(symbol: str) -> None:
    with pytest.raises(SettingInvalid, match="There is no chord") as refused:
        parse_chord_label(symbol)
    assert "Am, G7" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("symbol", "near"),
    [("am", "Am"), ("h7", "B7"), ("CMAJ7", "Cmaj7"), ("Cfoo", "C"), ("F#m7x", "F#m7"), ("G7sus4?", "G7sus4")],
)
def test_the_hint_names_the_chord_that_was_probably_meant(symbol: str, near: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        parse_chord_label(symbol)
    assert f"Did you mean '{near}'?" in refused.value.hint
    parse_chord_label(near)


def test_the_hint_for_a_root_that_does_not_exist_names_the_roots() -> None:
    with pytest.raises(SettingInvalid) as refused:
        parse_chord_label("Q9")
    assert refused.value.hint.startswith("A chord is a root from A to G")


def test_transposing_moves_roots_and_tones_and_leaves_no_chord() -> None:
    labels = np.arange(CHORDS + 1)
    moved = transpose_labels(labels, 5)
    assert moved[-1] == NO_CHORD
    assert np.array_equal(roots(moved[:-1]), (roots(labels[:-1]) + 5) % 12)
    assert np.array_equal(CHORD_TONES[moved[:-1]], np.roll(CHORD_TONES[labels[:-1]], 5, 1))
    assert roots(np.array([NO_CHORD])).tolist() == [-1]


@pytest.mark.parametrize(
    ("key", "flats"),
    [("F", True), ("Dm", True), ("Bb", True), ("Cm", True), ("G", False), ("Em", False), ("A", False), ("C", False)],
)
def test_keys_with_flats_in_their_signature_spell_flats(key: str, flats: bool) -> None:
    assert spells_flats(parse_key(key)) == flats


def test_a_key_signature_counts_the_sharps_of_the_key_as_it_is_named() -> None:
    sharps = {
        str(Key(root, scale)): key_signature(Key(root, scale)) for root in range(12) for scale in ("major", "minor")
    }
    assert sharps["C major"] == (0, False)
    assert sharps["F# major"] == (6, False)
    assert sharps["Bb major"] == (-2, False)
    assert sharps["Eb minor"] == (-6, True)
    assert sharps["C# minor"] == (4, True)
    assert all(found and -7 <= found[0] <= 7 for found in sharps.values())
    assert key_signature(Key(2, "dorian")) is None


def test_a_key_comes_back_from_its_signature() -> None:
    for root, scale in itertools.product(range(12), ("major", "minor")):
        signature = key_signature(Key(root, scale))
        assert signature is not None
        assert key_of_signature(key_signature_payload(*signature)) == Key(root, scale)
    for damaged in (b"", b"\x01", b"\x01\x02", b"\x09\x00", b"\x00\x00\x00"):
        assert key_of_signature(damaged) is None


def test_a_long_symbol_is_refused_at_once() -> None:
    with pytest.raises(SettingInvalid):
        parse_chord_label("A" + "7" * 200 + "?")
