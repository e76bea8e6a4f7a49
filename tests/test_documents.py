"""The documents name what exists, what exists is named in them, and they stay short enough to read."""

import ast
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from pianoroll_vae.cli.app import app
from pianoroll_vae.music.midi import midi_bytes
from tests.listen.songs import band_song
from tests.small_arranger import small_arranger_workspace
from tests.test_layout import MODULES, nodes_of

ROOT = Path(__file__).parent.parent
HOUSE = ROOT / "src" / "pianoroll_vae"
DOCUMENTS = sorted(
    path for path in (ROOT / "README.md", *HOUSE.rglob("*.md"), *(ROOT / "tests").rglob("*.md")) if path.is_file()
)
README = (ROOT / "README.md").read_text(encoding="utf-8")
TREE = (HOUSE / "README.md").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
LONGEST = 200


def shell_lines() -> Iterator[str]:
    """Every command line in the documents' shell blocks, without its comment."""
    for document in DOCUMENTS:
        for block in re.findall(r"```sh\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL):
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
LINES = sorted({line for line in shell_lines() if " vaemusic " in f" {line} "})


@pytest.mark.parametrize("line", LINES)
def test_every_vaemusic_line_names_a_command_and_its_options(line: str) -> None:
    words = shlex.split(line, comments=True)
    words = words[words.index("vaemusic") + 1 :]
    while words and words[0] in ("-w", "--workspace"):
        words = words[2:]
    if words[0] in ("--help", "--version", "--install-completion"):
        return
    if "&&" in words:
        words = words[: words.index("&&")]
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
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE))
    assert named <= TARGETS, f"the README names {named - TARGETS}"
    assert named >= TARGETS, f"the README does not name {TARGETS - named}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_a_document_points_to_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for path in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in path:
            assert (document.parent / path).exists(), f"{document} links to {path}"
    for path in re.findall(r"`((?:src|tests|examples)/[\w./-]+)`", text):
        assert (ROOT / path).exists(), f"{document} names {path}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_python_module_a_document_runs_exists(document: Path) -> None:
    for module in re.findall(r"python -m (tests\.[\w.]+)", document.read_text(encoding="utf-8")):
        path = ROOT / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), f"{document} runs {module}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_document_is_short_enough_to_read(document: Path) -> None:
    assert len(document.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_no_row_of_figures_stands_in_two_documents() -> None:
    rows = Counter(
        line.strip()
        for document in DOCUMENTS
        for line in set(document.read_text(encoding="utf-8").splitlines())
        if len(re.findall(r"\d", line)) >= 6
    )
    assert [row for row, count in rows.items() if count > 1] == []


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [program] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    small_arranger_workspace(tmp_path / "blues")
    (tmp_path / "song.mid").write_bytes(midi_bytes(band_song(bars=8)))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(program, names)
    assert (tmp_path / "longer.mid").read_bytes().startswith(b"MThd")
    assert (tmp_path / "longer.png").read_bytes().startswith(b"\x89PNG")
    instruments, _, pitches = names["rolls"].shape
    assert (instruments, pitches) == (5, 128)


def test_every_module_stands_in_the_tree_of_the_package_and_nothing_else_does() -> None:
    modules = {path.relative_to(HOUSE).with_suffix("").as_posix() for path in HOUSE.rglob("*.py")}
    modules = {module for module in modules if not module.endswith("__init__")}
    block = re.search(r"## The tree\n(.*?)\n## ", TREE, re.DOTALL)
    assert block, "the package's README has no section 'The tree'"
    drawn = set()
    for room, row in re.findall(r"^\| `([\w/.]*)` \|.*\|(.*)\|$", block.group(1), re.MULTILINE):
        drawn |= {(room.strip("./") + "/" + name).lstrip("/") for name in re.findall(r"\w+", row)}
    assert drawn - modules == set(), "drawn but not there"
    assert modules - drawn == set(), "there but not drawn"


def test_every_word_of_the_glossary_names_something_in_the_code() -> None:
    block = re.search(r"## Words\n(.*?)\n## ", TREE, re.DOTALL)
    assert block, "the package's README has no section 'Words'"
    words = [
        name
        for row in re.findall(r"^\| (.*?) \|", block.group(1), re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    ]
    assert len(words) > 30
    missing = set(words) - set(_defined_names())
    assert not missing, f"the glossary has words that the code does not: {sorted(missing)}"


def _defined_names() -> Iterator[str]:
    """The names of classes, functions, parameters, fields and constants of the package."""
    for module in MODULES:
        for node in nodes_of(module):
            if isinstance(node, ast.ClassDef | ast.FunctionDef):
                yield node.name
            elif isinstance(node, ast.arg):
                yield node.arg
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id
