"""Values from the complement of a schema: what no field of a dataclass may be read from."""

import math
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin

from hypothesis import strategies as st

Wrong = st.SearchStrategy[Any]
Path = tuple[str, ...]

CHARACTERS = st.characters(exclude_categories=["Cs"])
"""Those of UTF-8. `st.text` has the same, but finds them one by one, which takes 1.6 s where it has not done so."""

TEXTS = st.text(CHARACTERS, min_size=1, max_size=5).map(lambda text: f"no {text}")
NESTED = st.just([[[[1]]]]) | st.just({"a": {"b": [1]}})


def wrong_fields(shape: type, where: Path = ()) -> Iterator[tuple[Path, Wrong]]:
    """The path of every field of a dataclass, and of those within it, with values that it cannot have."""
    hints = typing.get_type_hints(shape)
    for entry in fields(shape):
        hint, path = hints[entry.name], (*where, entry.name)
        yield path, wrong_values(hint, entry.metadata)
        if hasattr(hint, "__dataclass_fields__"):
            yield from wrong_fields(hint, path)


def wrong_values(hint: Any, bounds: Mapping[str, Any]) -> Wrong:
    origin = get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        options = [option for option in get_args(hint) if option is not types.NoneType]
        return NESTED if len(options) > 1 else wrong_values(options[0], bounds)
    if origin is Literal:
        return TEXTS | st.integers() | st.none() | NESTED
    if origin is tuple:
        kind, other = get_args(hint)[0], TEXTS | st.integers() | st.just({"a": 1}) | st.none()
        return other | st.lists(wrong_values(kind, bounds), min_size=1, max_size=2)
    if origin is not None:
        return TEXTS | st.integers() | st.just([1]) | st.none() | wrong_values(get_args(hint)[1], bounds).map(_named)
    if hasattr(hint, "__dataclass_fields__"):
        return TEXTS | st.integers() | st.just([1]) | st.just({"no such key": 1}) | st.none()
    if hint is str:
        return st.integers() | st.floats() | st.booleans() | st.none() | NESTED
    if hint is bool:
        return st.integers() | TEXTS | st.none() | NESTED
    return TEXTS | st.booleans() | st.none() | NESTED | _wrong_numbers(hint, bounds)


def _named(value: Any) -> dict[str, Any]:
    return {"piano": value}


def _wrong_numbers(hint: type, bounds: Mapping[str, Any]) -> Wrong:
    minimum, maximum = bounds.get("min", -math.inf), bounds.get("max", math.inf)
    wrong: list[Wrong] = [st.integers(2**63), st.integers(max_value=-(2**63) - 1)] if hint is int else []
    if hint is int:
        wrong.append(st.floats())
    elif bounds.get("finite", True):
        wrong.append(st.sampled_from([math.nan, math.inf, -math.inf]))
    else:
        wrong.append(st.just(10**400))
    if minimum > -math.inf:
        wrong.append(st.integers(max_value=math.ceil(minimum) - 1))
    if maximum < math.inf:
        wrong.append(st.integers(min_value=math.floor(maximum) + 1))
    return st.one_of(wrong)


def replaced(values: Any, path: Path, value: Any) -> Any:
    """A copy of JSON values with another value at a path."""
    return {**values, path[0]: replaced(values[path[0]], path[1:], value)} if path else value
