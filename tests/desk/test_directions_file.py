"""Directions of attributes are read whole and checked, or refused with a reason."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pianoroll_vae.desk.directions import Direction
from pianoroll_vae.desk.directions_file import read_directions, write_directions
from pianoroll_vae.errors import ArtifactDamaged

SHAPE = (2, 3)
ENTRY: dict[str, Any] = {
    "name": "density",
    "kind": "attribute",
    "vectors": [[0.5, 0.25, 0.0], [0, 0, 0]],
    "moves": [1.0, None],
    "others": [0.1, 0.0],
}


def read(path: Path) -> list[Direction]:
    return read_directions(path, SHAPE, "vaemusic attributes learn")


def test_directions_are_the_same_after_a_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "attributes.json"
    path.write_text(json.dumps([ENTRY]))
    first = read(path)
    write_directions(path, first)
    [again] = read(path)
    assert np.array_equal(again.vectors, first[0].vectors)
    assert np.array_equal(again.moves, [1, np.nan], equal_nan=True)
    assert json.loads(path.read_text()) == [ENTRY]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"vectors": [[0, 0, 0]]}, "it must be 2, one for each instrument"),
        ({"vectors": [[0, 0], [0, 0]]}, "it must be of 3 numbers each"),
        ({"vectors": [[0, 0, 0], [0, 0]]}, "it must be of 3 numbers each"),
        ({"vectors": [[0, 0, 1e300], [0, 0, 0]]}, "it must be from"),
        ({"vectors": [[0, 0, float("nan")], [0, 0, 0]]}, "nan"),
        ({"vectors": 3}, "it must be a list"),
        ({"moves": [1, "a"]}, "it must be a number"),
        ({"moves": [1]}, "one for each instrument"),
        ({"kind": "mood"}, "it must be one of attribute, genre"),
        ({"name": None}, "it must be a text"),
        ({"more": 1}, "it is unknown"),
    ],
)
def test_a_value_that_breaks_the_schema_is_named(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    path = tmp_path / "attributes.json"
    path.write_text(json.dumps([ENTRY, ENTRY | change]))
    with pytest.raises(ArtifactDamaged, match=f"holds no attributes: .*{why}") as refusal:
        read(path)
    assert "direction 2" in refusal.value.message
    assert refusal.value.hint == "Run: vaemusic attributes learn"


@pytest.mark.parametrize("content", ["", "{}", "[]", "[" * 10_000, "null", "[1]", "\0"])
def test_what_is_no_list_of_directions_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "attributes.json"
    path.write_text(content)
    with pytest.raises(ArtifactDamaged, match="holds no attributes"):
        read(path)
