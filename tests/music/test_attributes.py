"""What an instrument plays, in numbers."""

import numpy as np
import pytest

from pianoroll_vae.music.attributes import ATTRIBUTE_MEASURES, attribute_values
from pianoroll_vae.music.notes import Notes

SEGMENT = 8
"""Two beats of four steps."""


def notes_at(*notes: tuple[int, int, int]) -> Notes:
    """Notes of the first instrument, given as (pitch, start, length)."""
    pitch, start, length = zip(*notes, strict=True) if notes else ((), (), ())
    return Notes.tidy([0] * len(notes), pitch, start, length, [80] * len(notes))


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        (((60, 0, 4), (64, 0, 4)), {"density": 1, "register": 62, "polyphony": 2, "syncopation": 0, "length": 1}),
        (((60, 0, 1), (60, 3, 1)), {"density": 1, "register": 60, "polyphony": 1, "syncopation": 0.5, "length": 0.25}),
        (((72, 2, 2),), {"density": 0.5, "register": 72, "polyphony": 1, "syncopation": 1, "length": 0.5}),
    ],
)
def test_attributes_are_what_one_would_count(
    notes: tuple[tuple[int, int, int], ...], expected: dict[str, float]
) -> None:
    values = attribute_values(notes_at(*notes), 1, 1, SEGMENT, 4)[0, 0]
    assert dict(zip(ATTRIBUTE_MEASURES, values.tolist(), strict=True)) == pytest.approx(expected | {"velocity": 80})


def test_notes_count_in_the_segment_in_which_they_begin_and_silence_has_no_attributes() -> None:
    values = attribute_values(notes_at((60, 7, 9), (60, 24, 2)), 2, 3, SEGMENT, 4)
    assert values.shape == (3, 2, len(ATTRIBUTE_MEASURES))
    assert values[0, 0, 0] == 0.5
    assert np.isnan(values[1:]).all()
    assert np.isnan(values[:, 1]).all()
