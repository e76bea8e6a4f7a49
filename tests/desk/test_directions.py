"""A direction is offered for the instruments whose attribute it changes enough, and the others little."""

import numpy as np

from pianoroll_vae.desk.directions import Direction


def test_a_direction_is_effective_where_it_moves_its_attribute_by_half_and_others_by_a_third_of_that() -> None:
    moves = np.array([0.5, 0.49, 0.9, 0.9, -0.9, np.nan])
    others = np.array([0.1, 0.1, 0.3, 0.31, 0.0, np.nan])
    direction = Direction("density", "attribute", np.ones((6, 2), np.float32), moves, others)
    assert direction.effective.tolist() == [True, False, True, False, False, False]
