"""Chords read from numerals, scales that bend, voicings that move little."""

import pytest

from pianoroll_vae.sources.sample_corpus.harmony import Chord, nearest, read_progression, scale_over, voice
from pianoroll_vae.sources.sample_corpus.styles import GENRES


def test_numerals_become_chords_above_the_tonic() -> None:
    bars = read_progression("I7 | IIm7 V7 | bVII | #IVdim7", tonic=9)
    assert [[chord.root for chord in bar] for bar in bars] == [[9], [11, 4], [7], [3]]
    assert bars[0][0].tones == (9, 1, 4, 7)
    assert bars[3][0].tones == (3, 6, 9, 0)


def test_a_word_that_is_no_chord_is_refused() -> None:
    with pytest.raises(ValueError, match="not a chord symbol: 'H7'"):
        read_progression("I | H7", tonic=0)


def test_every_progression_of_every_genre_can_be_read() -> None:
    for genre in GENRES.values():
        for kinds in genre.changes.values():
            for texts in kinds.values():
                for text in texts:
                    assert len(read_progression(text, 0)) % 4 == 0, text


def test_the_scale_gives_way_to_a_chord_from_outside_the_key() -> None:
    second_dominant = Chord(2, (0, 4, 7, 10))  # D7 in C major: F sharp instead of F
    assert scale_over(second_dominant, 0, "major") == {0, 2, 4, 6, 9, 11}


def test_a_voicing_moves_to_the_next_chord_by_small_steps() -> None:
    before = voice((0, 4, 7), (), 55, 72)
    after = voice((5, 9, 0), before, 55, 72)
    assert sum(abs(new - old) for new, old in zip(after, before, strict=True)) <= 4
    assert {pitch % 12 for pitch in after} == {5, 9, 0}


def test_the_nearest_pitch_stays_in_its_register() -> None:
    assert nearest(4, 90, 28, 52) == 52
    assert nearest(4, 33, 28, 52) == 28
