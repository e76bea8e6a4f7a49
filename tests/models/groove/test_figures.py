"""Figures of a groove model have a schema."""

import pytest

from pianoroll_vae.models.groove.figures import GrooveFigures
from pianoroll_vae.schema import SchemaError, build
from tests.models.groove.figures import FIGURES


def test_figures_are_the_same_after_a_round_trip() -> None:
    assert build(GrooveFigures, FIGURES.as_dict()) == FIGURES


def test_an_error_of_an_impossible_size_is_named() -> None:
    values = FIGURES.as_dict()
    values["offset"]["model"] = float("nan")
    with pytest.raises(SchemaError, match=r"'offset\.model' is nan"):
        build(GrooveFigures, values)
