from itertools import pairwise

import numpy as np
import pytest

from pianoroll_vae.music.measures import repetition


def bars(*instruments: str) -> np.ndarray:
    """(instruments, bars, 4 steps, 128): a letter for each bar; the same letter is the same bar, '.' is silence."""
    cells = np.zeros((len(instruments), len(instruments[0]), 4, 128), bool)
    for place, letters in enumerate(instruments):
        for bar, letter in enumerate(letters):
            if letter != ".":
                cells[place, bar, ord(letter) % 4, 60] = cells[place, bar, 0, ord(letter)] = True
    return cells


def test_a_bar_repeats_any_earlier_bar_but_silence_repeats_nothing() -> None:
    assert repetition.repeated_bar_rate(bars("ABAB", "....", "A..A", "ABCD"))[[0, 2, 3]].tolist() == [0.5, 0.5, 0]
    assert np.isnan(repetition.repeated_bar_rate(bars("....")))


def test_similarity_is_the_jaccard_index_counted_by_sets() -> None:
    cells = np.random.default_rng(1).random((3, 6, 4, 128)) < 0.01
    for place, instrument in enumerate(cells):
        sets = [set(zip(*np.nonzero(bar), strict=True)) for bar in instrument]
        pairs = [(a, b) for a, b in pairwise(sets) if a | b]
        expected = np.mean([len(a & b) / len(a | b) for a, b in pairs])
        assert repetition.bar_similarity(cells)[place] == pytest.approx(expected)


def test_a_band_that_turns_as_one_changes_together() -> None:
    together = bars("AABB", "AABB", "AABB")
    apart = bars("ABBB", "AABB", "AAAB")
    assert repetition.changes_together(together) == 1
    assert repetition.changes_together(apart) == pytest.approx(1 / 3)
    assert repetition.change_rate(together) == pytest.approx(1 / 3)
    assert repetition.change_rate(apart) == 0


def test_starting_and_stopping_are_turns() -> None:
    assert repetition.change_rate(bars("AA..", "AA..")) == pytest.approx(1 / 3)


def test_one_instrument_alone_has_no_measure_of_togetherness() -> None:
    assert np.isnan(repetition.changes_together(bars("ABAB", "....")))
