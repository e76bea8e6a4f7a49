"""What an instrument plays, said in numbers."""

import numpy as np
import pytest

from pianoroll_vae.music.attributes import ATTRIBUTE_MEASURES, attribute_values


def roll(*notes: tuple[int, int, int]) -> np.ndarray:
    """Two beats of four steps each, notes given as (pitch, start, length)."""
    cells = np.zeros((8, 128), np.uint8)
    for pitch, start, length in notes:
        cells[start : start + length, pitch] = 80
    return cells


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
    measured = dict(zip(ATTRIBUTE_MEASURES, attribute_values(roll(*notes), 4).tolist(), strict=True))
    assert measured == pytest.approx(expected)


def test_a_note_struck_again_louder_is_a_second_note() -> None:
    cells = roll((60, 0, 4))
    cells[2:, 60] += 20
    cells[4:, 60] = 0
    assert attribute_values(cells, 4)[0] == 1.0


def test_silence_has_no_key() -> None:
    both = np.stack([roll(), roll((60, 0, 4))])
    assert np.isnan(attribute_values(both, 4)[0]).all()
    assert not np.isnan(attribute_values(both, 4)[1]).any()
