"""Checks the arguments of the Python API against the annotations of its verbs.

Without this a wrong one would end as an error deep inside of the models, which says nothing about the argument.
"""

import types
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import wraps
from inspect import Parameter, signature
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, Unpack, get_args, get_origin, get_type_hints

import numpy as np

from pianoroll_vae.schema import shorten

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_PLAIN: dict[Any, tuple[tuple[type, ...], str, str]] = {
    int: ((Integral,), "a whole number", "whole numbers"),
    float: ((Real,), "a number", "numbers"),
    bool: ((bool, np.bool_), "True or False", "True or False"),
    str: ((str,), "a text", "texts"),
    type(None): ((type(None),), "None", "None"),
    Path: ((Path,), "a path", "paths"),
}
"""The classes that an annotation takes, and one and several of it in messages; numpy's numbers are numbers too."""


def checks_arguments(verb: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The verb with a TypeError that names the first argument whose type is wrong, and the right ones."""
    parameters = signature(verb)

    @wraps(verb)
    def checked(*args: Arguments.args, **keywords: Arguments.kwargs) -> Result:
        for name, value in parameters.bind(*args, **keywords).arguments.items():
            for argument, hint, given in _with_annotations(parameters.parameters[name], value):
                if not _has_type(hint, given):
                    what = "" if given is None else f" ({type(given).__name__})"
                    raise TypeError(
                        f"{verb.__name__}(): {argument} must be {describe(hint)}, not {shorten(given)}{what}."
                    )
        return verb(*args, **keywords)

    return checked


def _with_annotations(parameter: Parameter, value: Any) -> Iterator[tuple[str, Any, Any]]:
    """Name, annotation and value of what a parameter was given; several of `*paths` and `**options`."""
    hint = parameter.annotation
    if parameter.kind == Parameter.VAR_POSITIONAL:
        yield from ((parameter.name, hint, each) for each in value)
    elif parameter.kind == Parameter.VAR_KEYWORD and get_origin(hint) is Unpack:
        hints = get_type_hints(get_args(hint)[0])
        yield from ((name, hints[name], each) for name, each in value.items() if name in hints)
    else:
        yield parameter.name, hint, value


def _has_type(hint: Any, value: Any) -> bool:
    """Whether a value has the type of an annotation; lists are tuples, and arrays lists, as far as their items are."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return any(_has_type(one, value) for one in inner)
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if isinstance(hint, str):
        return True  # of an optional package, whose classes are not imported here
    if hint in _PLAIN:
        return isinstance(value, _PLAIN[hint][0]) and (hint is bool or not isinstance(value, bool))
    if origin is None or origin is np.ndarray:
        return isinstance(value, origin or hint)
    if issubclass(origin, Mapping):
        return isinstance(value, Mapping) and all(
            _has_type(inner[0], k) and _has_type(inner[1], v) for k, v in value.items()
        )
    if not isinstance(value, Collection) or isinstance(value, str | bytes | Mapping):
        return False
    items = list(value)
    if origin is tuple:
        return len(items) == len(inner) and all(map(_has_type, inner, items))
    return all(_has_type(inner[0], item) for item in items)


def describe(hint: Any, several: bool = False) -> str:
    """An annotation in words: 'a whole number or None'."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (types.UnionType, typing.Union):
        *others, last = dict.fromkeys(describe(one, several) for one in inner)
        return f"{', '.join(others)} or {last}" if others else last
    if origin is Literal:
        return " or ".join(repr(value) for value in inner)
    if hint in _PLAIN:
        _, one, more = _PLAIN[hint]
        return more if several else one
    if origin is np.ndarray:
        return "a numpy array"
    if origin is tuple:
        return f"({', '.join(describe(one) for one in inner)})"
    if origin is not None and issubclass(origin, Mapping):
        return f"a dictionary of {describe(inner[0], True)} and {describe(inner[1], True)}"
    if origin is not None:
        return f"a list of {describe(inner[0], True)}"
    return f"{hint.__name__}s" if several else f"{'an' if hint.__name__[0] in 'AEIOU' else 'a'} {hint.__name__}"
