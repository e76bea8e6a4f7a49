import numpy as np
import pytest

from pianoroll_vae.music.measures import pitch
from tests.music.measures.random_songs import random_song
from tests.music.measures.test_published import in_muspy


def cells(*steps: tuple[int, ...]) -> np.ndarray:
    """(steps, 128): the pitches of each step."""
    roll = np.zeros((len(steps), 128), bool)
    for step, pitches in enumerate(steps):
        roll[step, list(pitches)] = True
    return roll


def test_octaves_are_one_pitch_class() -> None:
    classes = pitch.pitch_classes(cells((60, 72, 0, 127)))
    assert classes[0].tolist() == [3, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]


@pytest.mark.parametrize("seed", range(3))
def test_polyphony_is_muspys(seed: int) -> None:
    import muspy

    song = random_song(seed, notes_per_bar=3)
    sounding = np.count_nonzero(song.rolls(), axis=-1)
    for place in range(4):
        assert pitch.polyphony(sounding[place]) == pytest.approx(muspy.polyphony(in_muspy(song, place)))


def test_a_scale_is_consistent_in_every_key_and_a_cluster_in_none() -> None:
    major = np.array([0, 2, 4, 5, 7, 9, 11])
    for root in range(12):
        classes = np.zeros(12, np.float32)
        classes[(major + root) % 12] = 1
        assert pitch.scale_consistency(classes) == 1
    assert pitch.scale_consistency(np.ones(12, np.float32)) == pytest.approx(7 / 12)


def test_entropy_is_that_of_equal_shares() -> None:
    classes = np.zeros((3, 12), np.float32)
    classes[0, :8] = 5
    classes[1, 3] = 9
    bits = pitch.pitch_class_entropy(classes)
    assert bits[:2].tolist() == [3, 0]
    assert np.isnan(bits[2])


def test_register_is_mean_and_range_of_the_notes() -> None:
    played = np.count_nonzero(cells((40,), (52,), (52, 64), ()), axis=0)
    assert pitch.mean_pitch(played) == 52
    assert pitch.pitch_range(played) == 24
    assert np.isnan(pitch.pitch_range(np.zeros(128, int)))


def test_leaps_follow_the_upper_line_through_rests_and_never_from_one_row_to_the_next() -> None:
    line = cells((60,), (), (48, 67), (65,))
    other = cells((), (), (), (90,))
    leaps = pitch.mean_leap(np.stack([line, other]))
    assert leaps[0] == pytest.approx((7 + 2) / 2)
    assert np.isnan(leaps[1])
