"""Help in plain words: the type of an option as one word, and its default as a sentence.

Typer by itself shows `<int range> [x>=1]` and `[default: (40)]`. The help text of an option with bounds has them in
words, "1 or more"; a test holds that for all commands.
"""

import re
from collections.abc import Callable
from copy import copy
from enum import Enum
from inspect import cleandoc
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

WORDS = {"int": "NUMBER", "float": "NUMBER", "str": "TEXT", "Path": "PATH"}

BRACES = str.maketrans("", "", "{}")

TYPE = "type_descriptor"
"""The attribute of a parameter that describes its type, from Typer 0.29 on."""


class PlainCommand(TyperCommand):
    """A command whose help is plain."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        super(PlainCommand, _plain(self, ctx)).format_help(ctx, formatter)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Arguments in capitals, SONG for Typer's {song}."""
        return [piece.translate(BRACES).upper() for piece in super().collect_usage_pieces(ctx)]


class PlainGroup(TyperGroup):
    """A group of commands whose help is plain."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        super(PlainGroup, _plain(self, ctx)).format_help(ctx, formatter)


class PlainTyper(typer.Typer):
    """Commands with plain help, which -h shows too."""

    def __init__(self, **settings: Any) -> None:
        names = {"help_option_names": ["--help", "-h"]}
        super().__init__(**{"cls": PlainGroup, "no_args_is_help": True, "context_settings": names, **settings})

    def command(  # type: ignore[override]
        self, name: str | None = None, **settings: Any
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        def register(function: Callable[..., None]) -> Callable[..., None]:
            texts = {"help": joined_lines(function.__doc__ or ""), **settings}
            return super(PlainTyper, self).command(name, cls=PlainCommand, **texts)(function)

        return register


def joined_lines(text: str) -> str:
    """A docstring with each paragraph in one line: Typer keeps its line breaks, in a terminal of any width."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", cleandoc(text))


def _plain(command: Any, ctx: Any) -> Any:
    """The command with its options and arguments as help shows them; it is not called. Itself with a Typer before 0.29,
    whose parameters do not describe their types."""
    parameters = command.get_params(ctx)
    if not all(hasattr(parameter, TYPE) for parameter in parameters):
        return command
    plain = copy(command)
    plain.params = [_plain_parameter(parameter) for parameter in parameters]
    plain.add_help_option = False
    return plain


def _plain_parameter(parameter: Any) -> Any:
    shown = copy(parameter)
    word = (parameter.metavar if isinstance(parameter, TyperOption) else None) or _type_word(parameter)
    shown.display_type_rich = lambda ctx: word
    default = _default(parameter)
    if default:
        shown.help = f"{parameter.help} Default: {default}."
    shown.min = shown.max = None
    shown.show_default = False
    return shown


def _type_word(parameter: Any) -> str:
    """'NUMBER'; the choices themselves; nothing for a flag."""
    described = parameter.type_descriptor
    if getattr(parameter, "is_flag", False):
        return ""
    if described.is_choice:
        return "|".join(str(choice.value if isinstance(choice, Enum) else choice) for choice in described.choices)
    name: str = parameter.bare_type().removeprefix("list[").removesuffix("]")
    return WORDS.get(name, name)


def _default(parameter: Any) -> str:
    """The default in words, "" where there is none to show."""
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    value = parameter.default
    if not parameter.show_default or value is None or value == "":
        return ""
    if isinstance(value, bool):
        names = parameter.opts if value else parameter.secondary_opts
        return names[0].lstrip("-") if parameter.secondary_opts else ""
    return str(value.value if isinstance(value, Enum) else value)
