import numpy as np
import pytest

from pianoroll_vae.music.measures import rhythm

FOUR_BARS_OF_EIGHTHS = np.tile([1, 0], 32)


def test_a_bar_counts_as_empty_only_when_nothing_sounds_in_it() -> None:
    sounding = np.zeros((2, 64), int)
    sounding[0, [0, 40]] = 1  # bars 1 and 3
    assert rhythm.empty_bar_rate(sounding, 4).tolist() == [0.5, 1.0]


def test_density_is_that_of_the_bars_that_play() -> None:
    onsets = np.zeros(64, int)
    onsets[[0, 4, 8]] = 2
    assert rhythm.notes_per_bar(onsets, 4) == 6
    assert np.isnan(rhythm.notes_per_bar(np.zeros(64, int), 4))


@pytest.mark.parametrize("steps_per_beat", [2, 4, 12, 24])
def test_eighths_lie_half_on_the_beat_and_half_off_on_every_grid(steps_per_beat: int) -> None:
    onsets = np.zeros(16 * steps_per_beat, int)
    onsets[:: steps_per_beat // 2] = 1
    assert rhythm.on_beat_share(onsets, steps_per_beat) == 0.5
    assert rhythm.off_beat_share(onsets, steps_per_beat) == 0.5
    assert rhythm.off_grid_share(onsets, steps_per_beat) == 0


def test_the_three_shares_of_places_in_the_beat_add_up() -> None:
    onsets = np.random.default_rng(0).integers(0, 3, (5, 64))
    shares = rhythm.on_beat_share(onsets, 4), rhythm.off_beat_share(onsets, 4), rhythm.off_grid_share(onsets, 4)
    assert sum(shares) == pytest.approx(np.ones(5))


def test_chords_are_notes_together() -> None:
    assert rhythm.notes_together(np.array([3, 0, 1, 0])) == 2


@pytest.mark.parametrize("steps_per_beat", [4, 6, 12, 24])
def test_hits_beside_the_pattern_count_for_a_tenth(steps_per_beat: int) -> None:
    def rate(step: int) -> float:
        onsets = np.zeros(4 * steps_per_beat, int)
        onsets[step] = 1
        return float(rhythm.drum_pattern_rate(onsets, steps_per_beat))

    half = steps_per_beat // 2
    assert [rate(0), rate(half), rate(1), rate(half - 1)] == [1, 1, 0.1, 0.1]
    if steps_per_beat > 6:
        assert rate(2) == 0


def test_the_same_groove_in_every_bar_is_consistent() -> None:
    assert rhythm.groove_consistency(FOUR_BARS_OF_EIGHTHS, 4) == 1
    other = FOUR_BARS_OF_EIGHTHS.copy()
    other[[1, 3]] = 1  # bar 1 differs from bar 2 in 2 of 16 positions; three pairs of bars
    assert rhythm.groove_consistency(other, 4) == pytest.approx(1 - 2 / 48)
