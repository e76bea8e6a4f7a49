"""Parts are led to their traits, the more the farther they are from them."""

from dataclasses import replace

import numpy as np
import pytest

from pianoroll_vae.models.arranger.play.trait_control import MAX_CHANGE, TraitControl
from pianoroll_vae.models.arranger.traits import (
    AS_BEFORE,
    DENSITY,
    NOTES_PER_ONSET,
    PITCH_CLASSES,
    REPEATED,
    TRAITS,
    UNKNOWN_CLASS,
)
from pianoroll_vae.music.bars import BarNotes

MEAN = np.array([trait.values[3] for trait in TRAITS])
CHANGES = {DENSITY: 0, NOTES_PER_ONSET: 2, PITCH_CLASSES: 3, REPEATED: 4, AS_BEFORE: 5}
"""Of each trait, its place among the changes of notes and actions."""


def control(**classes: int) -> TraitControl:
    """Of a part whose traits are unknown, but for these."""
    traits = np.full(len(TRAITS), UNKNOWN_CLASS)
    for name, own in classes.items():
        traits[globals()[name]] = own
    return TraitControl.of_part(traits, MEAN, np.ones(len(TRAITS)), density_target=np.nan)


def changes(part: TraitControl) -> np.ndarray:
    return np.array([*part.note_logits(), *part.action_logits()])


def bar(count: int, together: int = 1) -> BarNotes:
    """`count` onsets of so many notes."""
    rows = [(step, 60 + i, 3, 4) for step in range(count) for i in range(together)]
    return np.array(rows, np.uint8)


def test_unknown_traits_change_nothing() -> None:
    part = control()
    part.add_bar(bar(9), 1)
    assert not changes(part).any()


@pytest.mark.parametrize("trait", ["DENSITY", "NOTES_PER_ONSET", "PITCH_CLASSES", "REPEATED", "AS_BEFORE"])
def test_a_trait_above_the_mean_changes_its_own_logit_and_one_below_it_the_other_way(trait: str) -> None:
    high, low, place = changes(control(**{trait: 5})), changes(control(**{trait: 1})), CHANGES[globals()[trait]]
    sign = -1 if trait == "DENSITY" else 1  # a bar of more notes ends later
    assert sign * high[place] > 0 > sign * low[place]
    assert np.count_nonzero(high) == np.count_nonzero(low) == 1
    assert (np.abs([high, low]) <= MAX_CHANGE).all()


def test_a_part_is_led_the_more_the_farther_it_is_from_its_traits() -> None:
    ends = []
    for count in (30, 10, 1):
        part = control(DENSITY=4)
        for _ in range(8):
            part.add_bar(bar(count), 0)
        ends.append(part.note_logits().end)
    assert ends == sorted(ends, reverse=True)
    assert ends[0] > 0 > ends[2]


def test_values_are_those_played_and_some_bars_of_the_mean() -> None:
    part = control()
    assert [part.value(trait) for trait in CHANGES] == pytest.approx(MEAN[list(CHANGES)])
    for back in (0, 1, 1, 5) * 200:
        part.add_bar(bar(3, together=2), back)
    assert part.value(DENSITY) == pytest.approx(6, abs=0.1)
    assert part.value(NOTES_PER_ONSET) == pytest.approx(2, abs=0.02)
    assert part.value(REPEATED) == pytest.approx(0.75, abs=0.01)
    assert part.value(AS_BEFORE) == pytest.approx(0.5, abs=0.01)


def test_a_part_is_led_to_the_density_that_is_asked_for_and_not_to_the_middle_of_its_class() -> None:
    traits = np.full(len(TRAITS), UNKNOWN_CLASS)
    traits[DENSITY] = 4
    ends = []
    for target in (8.5, 11.5):
        part = TraitControl.of_part(traits, MEAN, np.ones(len(TRAITS)), density_target=target)
        for _ in range(200):
            part.add_bar(bar(10), 0)
        ends.append(part.note_logits().end)
    assert ends[0] > ends[1] + 0.3


def test_a_density_that_is_asked_for_brings_onsets_nearer_to_each_other() -> None:
    drawn = control(DENSITY=5)
    asked = replace(drawn, density_requested=True)
    assert drawn.note_logits().later == 0 > asked.note_logits().later
