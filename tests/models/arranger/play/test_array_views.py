"""Tests of parts of arrays in compiled functions, against numpy's slices."""

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.array_views import corner, first_rows, part

Numbers = NDArray[Any]
njit: Callable[[Callable[..., Any]], Any] = numba.njit


@njit
def double_part(x: Numbers, begin: int, size: int) -> int:
    view = part(x, begin, size)
    for i in range(len(view)):
        view[i] *= 2
    return len(view)


@njit
def double_first_rows(x: Numbers, rows: int) -> int:
    view = first_rows(x, rows)
    for row in view:
        for i in range(len(row)):
            row[i] *= 2
    return len(view)


@njit
def double_corner(x: Numbers, rows: int, columns: int) -> tuple[int, int]:
    view = corner(x, rows, columns)
    for i in range(view.shape[0]):
        for k in range(view.shape[1]):
            view[i, k] *= 2
    return int(view.shape[0]), int(view.shape[1])


@pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint8])
def test_views_are_those_of_slices(dtype: Any) -> None:
    line, table = np.arange(10, dtype=dtype), np.arange(24, dtype=dtype).reshape(4, 6)
    of_part, of_rows, of_corner = line.copy(), table.copy(), table.copy()
    of_part[3:7] *= 2
    of_rows[:3] *= 2
    of_corner[:2, :5] *= 2
    assert double_part(line, 3, 4) == 4 and line.tolist() == of_part.tolist()
    rows, columns = table.copy(), table.copy()
    assert double_first_rows(rows, 3) == 3 and rows.tolist() == of_rows.tolist()
    assert double_corner(columns, 2, 5) == (2, 5) and columns.tolist() == of_corner.tolist()


def test_a_view_may_be_empty_or_whole() -> None:
    line, table = np.arange(4), np.arange(6).reshape(2, 3)
    assert double_part(line, 4, 0) == 0 and line.tolist() == [0, 1, 2, 3]
    assert double_part(line, 0, 4) == 4 and line.tolist() == [0, 2, 4, 6]
    assert double_first_rows(table, 0) == 0 and double_corner(table, 2, 3) == (2, 3)
    assert table.tolist() == [[0, 2, 4], [6, 8, 10]]
