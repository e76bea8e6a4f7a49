"""A wrong argument of a verb is named, with what it must be."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypedDict, Unpack

import numpy as np
import pytest

from pianoroll_vae.desk.argument_types import checks_arguments, describe
from pianoroll_vae.music.band import LPD5, Band


class _Options(TypedDict, total=False):
    noise: float | Mapping[str, float] | None
    outside: Literal["move", "drop"]


@checks_arguments
def verb(
    band: Band,
    *paths: str | Path,
    steps: int | None = None,
    weights: Sequence[float] = (),
    bars: tuple[int, int] | None = None,
    ending: bool = True,
    **options: Unpack[_Options],
) -> int:
    return len(paths)


def test_numbers_of_numpy_and_lists_of_any_kind_are_right() -> None:
    assert verb(LPD5, "a", Path("b"), steps=3, weights=[1, 2.5], bars=(1, 2), ending=False, noise=1) == 2
    assert verb(LPD5, steps=int(np.int64(3)), weights=(), bars=None, noise={"drums": 0.5}, outside="drop") == 0
    others: Any = {"steps": np.int64(3), "weights": np.ones(3), "bars": range(1, 3), "ending": np.True_}
    assert verb(LPD5, **others) == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"band": "lpd5"}, "band must be a Band, not 'lpd5' (str)."),
        ({"steps": "3"}, "steps must be a whole number or None, not '3' (str)."),
        ({"steps": 1.5}, "steps must be a whole number or None, not 1.5 (float)."),
        ({"steps": True}, "steps must be a whole number or None, not True (bool)."),
        ({"weights": "12"}, "weights must be a list of numbers, not '12' (str)."),
        ({"weights": None}, "weights must be a list of numbers, not None."),
        ({"bars": 3}, "bars must be (a whole number, a whole number) or None, not 3 (int)."),
        ({"bars": (1, 2, 3)}, "bars must be (a whole number, a whole number) or None, not (1, 2, 3) (tuple)."),
        ({"ending": "no"}, "ending must be True or False, not 'no' (str)."),
        ({"noise": "x"}, "noise must be a number, a dictionary of texts and numbers or None, not 'x' (str)."),
        ({"noise": {3: 1}}, "noise must be a number, a dictionary of texts and numbers or None, not {3: 1} (dict)."),
        ({"outside": "stay"}, "outside must be 'move' or 'drop', not 'stay' (str)."),
    ],
)
def test_a_wrong_argument_is_named(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        verb(**{"band": LPD5, **wrong})
    assert str(caught.value) == f"verb(): {message}"


def test_each_of_several_values_is_checked() -> None:
    paths: Any = ("a.mid", 5)
    with pytest.raises(TypeError, match="paths must be a text or a path, not 5"):
        verb(LPD5, *paths)


def test_missing_and_unknown_arguments_are_python_s_own_errors() -> None:
    no_band: Any = {"steps": 1}
    with pytest.raises(TypeError, match="'band'"):
        verb(**no_band)
    assert describe(Sequence[str | Path]) == "a list of texts or paths"
