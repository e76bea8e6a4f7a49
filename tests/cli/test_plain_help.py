"""Help is plain for every command: no types of Python, and bounds in words."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from pianoroll_vae.cli.app import app
from tests.conftest import Vaemusic

NOISE = (r"\brange\b", r"<\w", r"x[<>]=", r"\[default", r"\bNone\b", r"\blist\[")


def leaves(command: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group: its words, and what Typer makes of it."""
    yield words, command
    for name, child in getattr(command, "commands", {}).items():
        yield from leaves(child, (*words, name))


COMMANDS = dict(leaves(typer.main.get_command(app)))


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_has_no_noise(vaemusic: Vaemusic, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    shown = vaemusic(*words, "--help").out
    for pattern in NOISE:
        assert not re.search(pattern, shown), f"the help of '{' '.join(words)}' shows {pattern}: {shown}"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_has_the_bounds_of_every_number_in_words(words: tuple[str, ...]) -> None:
    for parameter in COMMANDS[words].params:
        least, most = getattr(parameter, "min", None), getattr(parameter, "max", None)
        if least is not None:
            bounds = f"{least:g} or more" if most is None else f"{least:g} to {most:.6g}"
            stated = (bounds, f"{least:g} to " if most is None else f"{least} to {most}")
            assert any(words in parameter.help for words in stated), f"{parameter.opts[0]} does not state {bounds}"


def test_help_shows_defaults_as_sentences(vaemusic: Vaemusic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = vaemusic("generate", "--help").out
    assert "How many phrases of four bars to write, 1 to 2000. Default: 40." in shown
    assert "a held chord and a last hit. Default: ending." in shown
    assert re.search(r"--outside +move\|drop ", shown)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_lines_of_help_break_where_the_terminal_ends(words: tuple[str, ...]) -> None:
    for paragraph in (COMMANDS[words].help or "").split("\n\n"):
        assert "\n" not in paragraph.strip()
        assert paragraph.count("Example:") <= 1


def test_the_default_folder_is_in_words(vaemusic: Vaemusic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = vaemusic("init", "--help").out
    assert "[OPTIONS] [DIR]" in shown
    assert "Default: this folder." in shown


def test_the_usage_has_arguments_in_capitals(vaemusic: Vaemusic) -> None:
    assert "Usage: vaemusic continue [OPTIONS] SONG\n" in re.sub(" +\n", "\n", vaemusic("continue", "--help").out)
    assert "vaemusic average [OPTIONS] SONGS...\n" in vaemusic("average", "--bogus").err


def test_an_option_that_some_recipes_do_not_use_says_so_and_others_do_not_have_it(
    vaemusic: Vaemusic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    for words, command in COMMANDS.items():
        options = {parameter.opts[0]: parameter.help for parameter in command.params if hasattr(parameter, "opts")}
        if "--threshold" in options:
            assert "recipes of the family thesis" in options["--threshold"]
        if "--temperature" in options:
            assert words[0] in ("generate", "continue", "accompany"), f"{words} draws no notes at random"


def test_a_typer_that_does_not_describe_types_shows_its_own_help(
    vaemusic: Vaemusic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pianoroll_vae.cli.plain_help.TYPE", "no such attribute")
    assert "--noise" in vaemusic("vary", "--help").out
