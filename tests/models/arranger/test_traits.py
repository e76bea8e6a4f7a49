"""Traits are measured over the bars in which an instrument plays."""

import numpy as np
import pytest

from pianoroll_vae.models.arranger.traits import (
    CLASSES,
    DENSITY,
    MIN_BEGINNING,
    MIN_TRAIT_BARS,
    PLAYING,
    REGISTER,
    REPEATED,
    TRAITS,
    UNKNOWN_CLASS,
    read_traits,
    traits_of_beginning,
    transposed_traits,
)
from pianoroll_vae.music.bars import NOTE_COLUMNS, BarNotes, Bars

NO_NOTES: BarNotes = np.zeros((0, NOTE_COLUMNS), np.uint8)


def notes(*rows: tuple[int, int]) -> BarNotes:
    """Notes of step and pitch."""
    return np.array([(step, pitch, 3, 4) for step, pitch in rows], np.uint8)


def traits_of(*bars: BarNotes) -> dict[str, int]:
    """Of a song of one instrument, by name."""
    [row] = read_traits(Bars.from_cells(bars, 1))
    return dict(zip((trait.name for trait in TRAITS), row.tolist(), strict=True))


def class_of(name: str, value: float) -> int:
    [trait] = [trait for trait in TRAITS if trait.name == name]
    return 1 + int(np.searchsorted(trait.edges, value, side="right"))


def test_a_quantile_lies_in_the_class_that_has_it() -> None:
    trait, shares = TRAITS[DENSITY], np.array([0.1, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1])
    assert trait.quantile(shares, 0.1) == pytest.approx(2.5)
    assert trait.quantile(shares, 0.2) == pytest.approx((2.5 + 5) / 2)
    assert trait.quantile(shares, 0.95) == pytest.approx(26 + 4)
    assert [trait.class_of(value) for value in (0.5, 2.5, 11, 12, 99)] == [1, 2, 4, 5, 7]


def test_a_part_that_hardly_plays_has_no_known_trait() -> None:
    bar = notes((0, 60))
    assert set(traits_of(*[bar] * (MIN_TRAIT_BARS - 1), *[NO_NOTES] * 9).values()) == {UNKNOWN_CLASS}
    assert UNKNOWN_CLASS not in traits_of(*[bar] * MIN_TRAIT_BARS).values()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("notes in a bar in which it plays", 6.0),
        ("notes begun together", 6 / 4),
        ("mean pitch", 63.67),
        ("onsets on beats", 1 / 4),
        ("onsets on odd sixteenths", 2 / 4),
        ("onsets on triplets", 1 / 4),
        ("mean length in twelfths", 8.0),
        ("pitch classes in a bar", 4.0),
        ("bars repeated", 3 / 4),
        ("bars as the one before", 2 / 4),
        ("bars in which it plays", 4 / 6),
    ],
)
def test_traits_are_those_of_the_bars_in_which_it_plays(name: str, value: float) -> None:
    bar = notes((0, 60), (0, 64), (3, 60), (3, 64), (16, 67), (45, 69))
    assert traits_of(bar, bar, bar, NO_NOTES, bar, NO_NOTES)[name] == class_of(name, value)


def test_classes_rise_with_what_is_measured() -> None:
    few, many = notes((0, 60)), notes(*((step, 60) for step in range(48)))
    assert [traits_of(*[bar] * 4)[TRAITS[DENSITY].name] for bar in (few, many)] == [1, CLASSES[DENSITY] - 1]
    assert traits_of(few, few, few, few)[TRAITS[PLAYING].name] == CLASSES[PLAYING] - 1


def test_the_value_of_a_class_is_in_the_class() -> None:
    for trait in TRAITS:
        for number, value in enumerate(trait.values[1:], 1):
            assert np.searchsorted(trait.edges, value, side="right") + 1 == number
            assert trait.minimum <= value <= (trait.maximum or np.inf)
        assert np.isnan(trait.values[UNKNOWN_CLASS])


def test_register_moves_with_the_pitched_parts_of_a_transposed_song() -> None:
    traits = np.array([[[3] * len(TRAITS), [3] * len(TRAITS)]])
    [[piano, drums]] = transposed_traits(traits, np.array([6]), np.array([False, True]))
    assert (piano[REGISTER], drums[REGISTER]) == (5, 3)
    assert (np.delete(piano, REGISTER) == 3).all()
    [[unknown, _]] = transposed_traits(np.zeros_like(traits), np.array([6]), np.array([False, True]))
    assert not unknown.any()


@pytest.mark.parametrize(
    ("bars", "repeated", "plays"),
    [
        (8, 1 - 4 / 8 * 8 / 12, UNKNOWN_CLASS),
        (14, 1 - 7 / 14 * 14 / 18, UNKNOWN_CLASS),
        (MIN_BEGINNING, 1 - 8 / 16 * 16 / 20, class_of("bars in which it plays", 1)),
    ],
)
def test_a_beginning_repeats_less_than_the_whole_song_and_does_not_say_how_often_parts_rest(
    bars: int, repeated: float, plays: int
) -> None:
    every_second_new = [notes((0, 40 + bar // 2)) for bar in range(bars)]
    song = Bars.from_cells(every_second_new, 1)
    [row] = traits_of_beginning(song)
    assert row[REPEATED] == class_of("bars repeated", repeated)
    assert row[PLAYING] == plays
    others = np.delete(np.arange(len(TRAITS)), [REPEATED, PLAYING])
    assert np.array_equal(row[others], read_traits(song)[0, others])


def test_a_part_that_hardly_plays_in_a_beginning_has_no_known_trait() -> None:
    song = Bars.from_cells([notes((0, 60)), *[NO_NOTES] * 7], 1)
    assert set(traits_of_beginning(song)[0].tolist()) == {UNKNOWN_CLASS}
