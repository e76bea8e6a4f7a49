"""Builds dataclasses from the plain values of JSON and TOML files, which are untrusted.

A dataclass is the schema of its file: the annotations of its fields are the types, `bounded` has the bounds, a default
makes a field optional. All values are checked before the instance is made; `__post_init__` may check how they belong
together, by raising ValueError. Where no bounds are given, whole numbers have 64 bits, other numbers are finite, and
texts and lists have at most `MAX_ITEMS` characters or items.
"""

import json
import math
import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, Field, field, fields
from typing import Any, Literal, TypeVar, get_args, get_origin

MAX_ITEMS = 1 << 16
MAX_COUNT = 10**9
INT64 = (-(2**63), 2**63 - 1)
_KINDS = {int: "a whole number", str: "a text in quotes", bool: "true or false"}

Shape = TypeVar("Shape")


class SchemaError(ValueError):
    """A value that is not what the schema has. `name` is its dotted name, `valid` what it must be; `known`: the valid
    names, where the name itself is unknown; `reason`: why values that are valid one by one do not belong together."""

    def __init__(self, name: str, value: Any, valid: str, known: tuple[str, ...] = (), reason: str = "") -> None:
        super().__init__(reason or f"'{name}' is {shorten(value)}; it must be {valid}")
        self.name = name
        self.value = value
        self.valid = valid
        self.known = known


def bounded(default: Any = MISSING, minimum: float = -math.inf, maximum: float = math.inf) -> Any:
    """A field of a dataclass whose numbers must be within these bounds."""
    return field(default=default, metadata={"min": minimum, "max": maximum})


def any_float(default: Any = MISSING) -> Any:
    """A field of a dataclass whose numbers may be nan or infinite, such as a metric of nothing."""
    return field(default=default, metadata={"finite": False})


def load_json(text: str | bytes) -> Any:
    """The value of a JSON text; ValueError whatever is wrong with it."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def build(shape: type[Shape], values: Any, where: str = "") -> Shape:
    """An instance of the dataclass `shape`; SchemaError names the first value that is wrong."""
    if not isinstance(values, Mapping):
        raise SchemaError(where.rstrip(".") or "it", values, "a table of names and values")
    hints, schema = _schema_of(shape)
    unknown = next((key for key in values if key not in schema), None)
    if unknown is not None:
        raise SchemaError(f"{where}{unknown}"[:200], values[unknown], "left out: it is unknown", tuple(schema))
    checked = {}
    for name, entry in schema.items():
        if name in values:
            checked[name] = _value(hints[name], values[name], f"{where}{name}", entry.metadata)
        elif entry.default is MISSING and entry.default_factory is MISSING:
            raise SchemaError(f"{where}{name}", None, "there: it is missing")
    try:
        return shape(**checked)
    except SchemaError:
        raise
    except ValueError as reason:
        name, why = where.rstrip(".") or "it", str(reason)
        raise SchemaError(name, "", f"possible: {why}", reason=why) from None


def check(instance: Any) -> None:
    """The same checks of an instance that was made without `build`."""
    hints, schema = _schema_of(type(instance))
    for entry in schema.values():
        _value(hints[entry.name], getattr(instance, entry.name), entry.name, entry.metadata)


def shorten(value: Any, most: int = 60) -> str:
    """A value as a message can hold it, whatever its size."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 128:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, list | tuple | dict | str) and len(value) > most:
        kind = {dict: "a table", str: "a text"}.get(type(value), "a list")
        return f"{kind} of {len(value):,} {'characters' if isinstance(value, str) else 'items'}"
    try:
        text = repr(value)
    except RecursionError:
        return "a value that is nested too deeply"
    return text if len(text) <= most else f"{text[:most]}…"


_SCHEMAS: dict[type[Any], tuple[dict[str, Any], dict[str, Field[Any]]]] = {}


def _schema_of(shape: type[Any]) -> tuple[dict[str, Any], dict[str, Field[Any]]]:
    """The type of each field, and the field."""
    if shape not in _SCHEMAS:
        _SCHEMAS[shape] = typing.get_type_hints(shape), {entry.name: entry for entry in fields(shape)}
    return _SCHEMAS[shape]


def _value(hint: Any, value: Any, name: str, bounds: Mapping[str, Any]) -> Any:
    """The value converted to the type of its field: int to float, list to tuple."""
    origin = get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return _one_of(get_args(hint), value, name, bounds)
    if origin is Literal:
        if isinstance(value, str) and value in get_args(hint):
            return value
        raise SchemaError(name, value, f"one of {', '.join(get_args(hint))}")
    if origin is tuple:
        return _tuple(get_args(hint), value, name, bounds)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(get_args(hint)[1], value, name, bounds)
    if hasattr(hint, "__dataclass_fields__"):
        return value if isinstance(value, hint) else build(hint, value, f"{name}.")
    return _plain(hint, value, name, bounds)


def _plain(hint: type[Any], value: Any, name: str, bounds: Mapping[str, Any]) -> Any:
    """A bool, int, float or str."""
    minimum, maximum = bounds.get("min", -math.inf), bounds.get("max", math.inf)
    if hint is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SchemaError(name, value, "a number")
        try:
            value = float(value)
        except OverflowError:
            raise SchemaError(name, value, "a number of 64 bits") from None
        if not math.isfinite(value):
            if bounds.get("finite", True):
                raise SchemaError(name, value, _within(minimum, maximum) if bounds else "a finite number")
            return value
    elif not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise SchemaError(name, value, _KINDS[hint])
    elif hint is str and len(value) > MAX_ITEMS:
        raise SchemaError(name, value, f"at most {MAX_ITEMS:,} characters long")
    elif hint is int and not INT64[0] <= value <= INT64[1]:
        raise SchemaError(name, value, "a whole number of 64 bits")
    if hint in (int, float) and not minimum <= value <= maximum:
        raise SchemaError(name, value, _within(minimum, maximum))
    return value


def _within(minimum: float, maximum: float) -> str:
    return f"from {minimum:,} to {maximum:,}" if maximum < math.inf else f"{minimum:,} or more"


def _one_of(options: tuple[Any, ...], value: Any, name: str, bounds: Mapping[str, Any]) -> Any:
    """The first of several types that the value has; the error is that of the first one, as in `int | None`."""
    if value is None and types.NoneType in options:
        return None
    options = tuple(option for option in options if option is not types.NoneType)
    for option in options[1:]:
        try:
            return _value(option, value, name, bounds)
        except SchemaError:
            continue
    return _value(options[0], value, name, bounds)


def _tuple(kinds: tuple[Any, ...], value: Any, name: str, bounds: Mapping[str, Any]) -> tuple[Any, ...]:
    any_length = len(kinds) == 2 and kinds[1] is Ellipsis
    if not isinstance(value, list | tuple):
        texts = any_length and kinds[0] is str
        raise SchemaError(name, value, 'a list of texts, like ["blues", "rock"]' if texts else "a list")
    if len(value) > MAX_ITEMS or not (any_length or len(value) == len(kinds)):
        raise SchemaError(name, value, f"a list of {f'at most {MAX_ITEMS:,}' if any_length else len(kinds)} items")
    each = kinds[:1] * len(value) if any_length else kinds
    try:
        return tuple(_value(kind, item, name, bounds) for kind, item in zip(each, value, strict=True))
    except SchemaError as wrong:
        if wrong.name == name and any_length and kinds[0] is str:
            raise SchemaError(name, value, 'a list of texts, like ["blues", "rock"]') from None
        raise


def _mapping(kind: Any, value: Any, name: str, bounds: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, Mapping) or len(value) > MAX_ITEMS or not all(isinstance(key, str) for key in value):
        raise SchemaError(name, value, "a table of names and values")
    return {key: _value(kind, item, f"{name}.{key}"[:200], bounds) for key, item in value.items()}
