"""Reads the fields of a JSON request; each has a type and bounds, and a request with another field is refused."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pianoroll_vae.errors import SettingInvalid, suggest

MAX_TEXT = 200
MAX_ITEMS = 20_000


class Fields:
    """The fields of one JSON object. Every method takes a field's name and its default."""

    def __init__(self, values: Mapping[str, Any], known: Iterable[str]) -> None:
        self._values = values
        for name in values:
            if name not in known:
                raise SettingInvalid(f"A request has no field '{name[:40]}'.", suggest(name[:40], known))

    @staticmethod
    def parse(body: bytes, *known: str) -> "Fields":
        """The fields of a request's body; an empty body has none."""
        try:
            values = json.loads(body) if body else {}
        except (ValueError, RecursionError):
            raise SettingInvalid("The request is not JSON.", 'Send an object, for example {"take": 1}.') from None
        return Fields.of(values, *known)

    @staticmethod
    def of(values: object, *known: str) -> "Fields":
        if not isinstance(values, dict):
            raise SettingInvalid("The request is not a JSON object.", 'Send an object, for example {"take": 1}.')
        return Fields(values, known)

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        value = self._required(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise SettingInvalid(f"The field '{name}' is not valid.", f"Give a whole number from {low} to {high}.")
        return value

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        value = self._required(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise SettingInvalid(f"The field '{name}' is not valid.", f"Give a number from {low:g} to {high:g}.")
        return float(value) if math.isfinite(value) else low

    def flag(self, name: str, default: bool) -> bool:
        value = self._required(name, default)
        if not isinstance(value, bool):
            raise SettingInvalid(f"The field '{name}' is not valid.", "Give true or false.")
        return value

    def text(self, name: str, default: str = "", longest: int = MAX_TEXT) -> str:
        value = self._required(name, default)
        if not isinstance(value, str) or len(value) > longest or not _encodable(value):
            raise SettingInvalid(f"The field '{name}' is not valid.", f"Give a text of at most {longest} characters.")
        return value

    def choice(self, name: str, known: Sequence[str]) -> str:
        """One of the known texts."""
        if (value := self.text(name)) not in known:
            raise SettingInvalid(f"The field '{name}' is not valid.", f"Valid: {', '.join(known)}.")
        return value

    def names(self, name: str, known: Sequence[str]) -> tuple[str, ...]:
        """A list of some of the known names."""
        for value in (values := self.items(name)):
            if not isinstance(value, str) or value not in known:
                raise SettingInvalid(f"The field '{name}' is not valid.", f"Valid names: {', '.join(known)}.")
        return tuple(values)

    def items(self, name: str) -> list[Any]:
        value = self._required(name, [])
        if not isinstance(value, list) or len(value) > MAX_ITEMS:
            raise SettingInvalid(f"The field '{name}' is not valid.", f"Give a list of at most {MAX_ITEMS:,} entries.")
        return value

    def mapping(self, name: str, *known: str) -> "Fields":
        return Fields.of(self._values.get(name, {}), *known)

    def replaced(self, values: object, *known: str) -> "Fields":
        """These fields, some of them with other values: an object of a request with `known` fields."""
        return Fields({**self._values, **Fields.of(values, *known)._values}, (*self._values, *known))

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def __iter__(self) -> Iterable[str]:
        return iter(self._values)

    def _required(self, name: str, default: object) -> Any:
        value = self._values.get(name)
        if value is None and default is None:
            raise SettingInvalid(f"The request has no field '{name}'.", "The studio's README lists the fields.")
        return default if value is None else value


def _encodable(text: str) -> bool:
    """Whether a text can be written as UTF-8 and stand in a command line; halves of surrogate pairs cannot."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def shown_name(name: str) -> str:
    """A file's name on one line, without control characters."""
    return re.sub(r"\s+", " ", "".join(c if c.isprintable() else " " for c in name)).strip()[:80]
