"""F1 of two songs."""

import numpy as np
import pytest

from pianoroll_vae.music.measures.agreement import STEPS_PER_BATCH, count_agreement, f1_scores, onset_f1
from pianoroll_vae.music.notes import Notes


def test_f1_counts_what_both_have() -> None:
    one, other = np.zeros((2, 3, 4, 128), np.bool_)
    one[0, 0, [60, 64]] = other[0, 0, [60, 65]] = True
    one[1, 2, 40] = True
    assert f1_scores(one, other) == [0.5, 0.0, None]


def test_long_songs_agree_as_in_all_their_cells_at_once() -> None:
    rng = np.random.default_rng(0)
    steps, count = 2 * STEPS_PER_BATCH + 100, 4000
    one, other = (Notes.tidy(*(rng.integers(0, high, count) for high in (2, 128, steps, 900, 128))) for _ in range(2))
    end = max(one.end.max(), other.end.max())
    onsets, cells = count_agreement(one, other, 2)
    assert onsets.f1_scores == f1_scores(one.onsets(2, end), other.onsets(2, end))
    assert cells.f1_scores == f1_scores(one.rolls(2, end) > 0, other.rolls(2, end) > 0)
    assert cells.in_one.tolist() == (one.rolls(2, end) > 0).sum((1, 2)).tolist()


def test_onsets_agree_in_instrument_step_and_pitch() -> None:
    one = Notes.tidy([0, 0, 1], [60, 64, 60], [0, 4, 0], [2, 2, 2], [90, 90, 90])
    other = Notes.tidy([0, 0, 0], [60, 64, 67], [0, 5, 0], [9, 9, 9], [10, 10, 10])
    assert onset_f1(one, other) == pytest.approx(1 / 3)
    assert onset_f1(one, one) == 1
    assert onset_f1(Notes.empty(), Notes.empty()) is None
