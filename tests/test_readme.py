"""What the README names exists, and what exists is named in the README."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from pianoroll_vae.cli.app import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
HOUSE = ROOT / "src" / "pianoroll_vae"
TARGETS = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def shell_lines() -> Iterator[str]:
    """Every command line in the README's shell blocks, without its comment."""
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            if line.strip() and not line.startswith("#"):
                yield line


def command_tree() -> dict[tuple[str, ...], Any]:
    """Every command's words and the command."""
    found: dict[tuple[str, ...], Any] = {}

    def collect(command: Any, words: tuple[str, ...]) -> None:
        if hasattr(command, "commands"):
            for name, child in command.commands.items():
                collect(child, (*words, name))
        else:
            found[words] = command

    collect(typer.main.get_command(app), ())
    return found


COMMANDS = command_tree()
LINES = list(shell_lines())


@pytest.mark.parametrize("line", [line for line in LINES if " vaemusic " in f" {line} "])
def test_every_vaemusic_line_of_the_readme_names_a_command_and_its_options(line: str) -> None:
    words = shlex.split(line, comments=True)
    words = words[words.index("vaemusic") + 1 :]
    while words and words[0] in ("-w", "--workspace"):
        words = words[2:]
    if words[0] in ("--help", "--version", "--install-completion"):
        return
    match = next((known for known in (tuple(words[:2]), tuple(words[:1])) if known in COMMANDS), None)
    assert match, f"no such command: {line}"
    options = {option for parameter in COMMANDS[match].params for option in parameter.opts}
    for word in words[len(match) :]:
        if re.match(r"--?[a-z]", word):
            assert word.split("=")[0] in options | {"--help"}, f"{word} is no option of vaemusic {' '.join(match)}"


@pytest.mark.parametrize("words", list(COMMANDS), ids=" ".join)
def test_every_command_stands_in_the_readme(words: tuple[str, ...]) -> None:
    assert f"vaemusic {' '.join(words)}" in README


def test_make_targets_of_the_readme_exist_and_every_target_is_named() -> None:
    named = set(re.findall(r"(?:`|^)make ([a-z]+)", README, re.MULTILINE))
    assert named <= TARGETS, f"the README names {named - TARGETS}"
    assert named >= TARGETS, f"the README does not name {TARGETS - named}"


def test_every_file_the_readme_points_to_exists() -> None:
    for path in re.findall(r"(?:\]\(|`)((?:src|tests|examples)/[\w./-]+)", README):
        assert (ROOT / path).exists(), f"the README names {path}"


def layout() -> set[str]:
    """The files and folders drawn in the README's picture of the house."""
    block = re.search(r"```\nsrc/pianoroll_vae/\n(.*?)```", README, re.DOTALL)
    assert block, "the README draws no picture of the house"
    drawn: set[str] = set()
    room: list[str] = []
    for line in block.group(1).splitlines():
        entry = re.match(r"((?:│   |    )*)(?:├── |└── )(\S+)", line)
        if entry:
            depth = len(entry.group(1)) // 4
            room = [*room[:depth], entry.group(2).rstrip("/")]
            drawn.add("/".join(room))
    return drawn


def test_the_picture_of_the_house_is_the_house() -> None:
    modules = {path.relative_to(HOUSE).as_posix() for path in HOUSE.rglob("*.py") if path.name != "__init__.py"}
    rooms = {Path(module).parent.as_posix() for module in modules} - {"."}
    drawn = layout()
    assert drawn - rooms <= modules, f"drawn but not there: {sorted(drawn - rooms - modules)}"
    assert modules <= drawn, f"there but not drawn: {sorted(modules - drawn)}"
