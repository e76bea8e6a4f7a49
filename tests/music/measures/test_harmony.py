import math

import numpy as np
import pytest

from pianoroll_vae.music.measures import harmony

C, D, F, G = 0, 2, 5, 7


def classes(*beats: tuple[int, ...]) -> np.ndarray:
    """(beats, 12): a cell for each class of each beat."""
    counts = np.zeros((len(beats), 12), np.float32)
    for beat, wanted in enumerate(beats):
        counts[beat, list(wanted)] = 1
    return counts


def place_in_harte_space(beat: np.ndarray) -> list[float]:
    """Harte, Sandler and Gasser (2006): the centroid of the beat on the circles of fifths, minor and major thirds."""
    place = []
    for radius, turn in ((1, 7 * math.pi / 6), (1, 3 * math.pi / 2), (0.5, 2 * math.pi / 3)):
        place.append(sum(share * radius * math.sin(tone * turn) for tone, share in enumerate(beat)) / beat.sum())
        place.append(sum(share * radius * math.cos(tone * turn) for tone, share in enumerate(beat)) / beat.sum())
    return place


@pytest.mark.parametrize("seed", range(5))
def test_tonal_distance_is_hartes_mean_over_the_beats(seed: int) -> None:
    one, other = np.random.default_rng(seed).integers(0, 4, (2, 8, 12)).astype(np.float32)
    beats = [math.dist(place_in_harte_space(a), place_in_harte_space(b)) for a, b in zip(one, other, strict=True)]
    assert harmony.tonal_distance(one, other) == pytest.approx(np.mean(beats))


def test_tonal_distance_counts_only_beats_in_which_both_play() -> None:
    assert harmony.tonal_distance(classes((C,), (G,), ()), classes((C,), (), (D,))) == 0
    assert np.isnan(harmony.tonal_distance(classes((C,), ()), classes((), (D,))))


def test_a_fifth_is_nearer_than_a_tritone() -> None:
    fifth = harmony.tonal_distance(classes((C,)), classes((G,)))
    assert fifth < harmony.tonal_distance(classes((C,)), classes((6,)))


def test_a_triad_is_all_chord_tones_and_a_strange_note_is_none() -> None:
    triad, fourth = classes((C, 4, G), (C, 4, G)), classes((C, 4, G, F), (C, 4, G))
    assert harmony.chord_tone_rate(triad, triad) == 1
    assert harmony.chord_tone_rate(fourth, fourth) == pytest.approx(3 / 4)


def test_only_beats_one_and_three_are_strong() -> None:
    beats = classes((C, 4, G), (C, 4, G, D), (F, 9, C), (F, 9, C, D))
    assert harmony.chord_tone_rate(beats, beats) == 1
