"""Chords that tell a key from its relative and its neighbours become likelier, and others of its scale less likely."""

import numpy as np
import pytest

from pianoroll_vae.models.arranger.play.key_bonus import chord_bonus
from pianoroll_vae.music.chord_labels import CHORD_TONES, NO_CHORD, parse_chord_label, transpose_labels
from pianoroll_vae.music.key import parse_key


def bonus(key: str, symbol: str) -> float:
    return float(chord_bonus(parse_key(key))[parse_chord_label(symbol)[0]])


@pytest.mark.parametrize(
    ("key", "better", "worse"),
    [
        ("A minor", "Am", "Am7"),
        ("A minor", "Am", "C"),
        ("A minor", "E7", "G7"),
        ("A minor", "E", "Em"),
        ("C major", "C", "Am"),
        ("C major", "G7", "Em"),
        ("C major", "C", "F"),
        ("F# minor", "C#7", "E7"),
        ("A minor pentatonic", "Am", "C"),
    ],
)
def test_chords_of_the_key_are_likelier_than_those_of_its_relative(key: str, better: str, worse: str) -> None:
    assert bonus(key, better) > bonus(key, worse)


def test_the_relative_tonic_and_its_dominant_become_less_likely() -> None:
    assert max(bonus("A minor", "C"), bonus("A minor", "G")) < 0 < min(bonus("A minor", "Am"), bonus("A minor", "E7"))


@pytest.mark.parametrize(("key", "leading"), [("A minor", True), ("D dorian", False), ("C major", False)])
def test_chords_outside_of_the_scale_and_no_chord_stay_as_they_are(key: str, leading: bool) -> None:
    asked = parse_key(key)
    outside = ~asked.tones
    outside[(asked.root + 11) % 12] &= not leading
    changed = np.flatnonzero(chord_bonus(asked))
    assert len(changed)
    assert NO_CHORD not in changed
    assert not CHORD_TONES[changed][:, outside].any()


def test_keys_are_told_alike_on_every_tonic() -> None:
    chords = np.arange(NO_CHORD)
    at_c, at_eb = chord_bonus(parse_key("C minor")), chord_bonus(parse_key("Eb minor"))
    assert np.allclose(at_c[chords], at_eb[transpose_labels(chords, 3)], atol=1e-6)
