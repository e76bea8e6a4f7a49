"""Loops that were compiled before are used only where they are whole and of the same source."""

import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import pytest

import pianoroll_vae
from pianoroll_vae.models.arranger.play.kernels import njit
from pianoroll_vae.models.arranger.play.loop_cache import LOOPS, LoopCache

PACKAGE = Path(pianoroll_vae.__file__).parent
ARRANGER = PACKAGE / "models" / "arranger"

SOURCE = """
from typing import NamedTuple

from pianoroll_vae.models.arranger.play.kernels import njit


class {name}(NamedTuple):
    number: int


@njit
def double(of: {name}) -> int:
    return {factor} * of.number


def result() -> int:
    return double({name}(21))
"""


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where numba keeps what the tests compile."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "caches"))
    return tmp_path / "caches"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """Installs a version of a module with a compiled loop, and imports it as a new process would."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "loops_of_test", raising=False)

    def install(name: str = "Number", factor: int = 2) -> ModuleType:
        (tmp_path / "loops_of_test.py").write_text(SOURCE.format(name=name, factor=factor))
        sys.modules.pop("loops_of_test", None)
        importlib.invalidate_caches()
        return importlib.import_module("loops_of_test")

    return install


def loaded(module: ModuleType) -> int:
    """How many versions of the loop were found compiled."""
    return sum(module.double.stats.cache_hits.values())


def test_a_loop_is_compiled_once(installed: Callable[..., ModuleType]) -> None:
    assert (first := installed()).result() == 42
    assert loaded(first) == 0
    assert (second := installed()).result() == 42
    assert loaded(second) == 1


def test_a_loop_of_a_version_that_had_other_classes_is_compiled_again(installed: Callable[..., ModuleType]) -> None:
    assert installed("Old").result() == 42
    assert (renamed := installed("New")).result() == 42
    assert loaded(renamed) == 0
    assert (again := installed("New")).result() == 42
    assert loaded(again) == 1, "what was compiled again is kept"


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("damage", ["empty", "half", "garbage"])
def test_a_damaged_file_is_replaced(
    installed: Callable[..., ModuleType], caches: Path, suffix: str, damage: str
) -> None:
    assert installed().result() == 42
    [file] = caches.rglob(f"*{suffix}")
    content = file.read_bytes()
    file.write_bytes({"empty": b"", "half": content[: len(content) // 2], "garbage": b"\xff" * 99}[damage])
    assert (damaged := installed()).result() == 42
    assert loaded(damaged) == 0
    assert (again := installed()).result() == 42
    assert loaded(again) == 1


def test_what_cannot_be_kept_is_compiled_all_the_same(installed: Callable[..., ModuleType], caches: Path) -> None:
    module = installed()
    for folder in caches.iterdir():
        folder.rmdir()
    caches.rmdir()
    caches.write_text("a file where the folder was")
    assert module.result() == 42


def test_a_change_of_a_file_that_a_loop_depends_on_compiles_it_again(tmp_path: Path) -> None:
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text("LIMIT = 1")
    two.write_text("LIMIT = 2")

    def hits(source: Path) -> int:
        function: Any = njit(lambda x: x + 1)
        function._cache = LoopCache(function.py_func, [source])
        assert function(1) == 2
        return sum(function.stats.cache_hits.values())

    assert [hits(source) for source in (one, one, two, two)] == [0, 1, 0, 1]


def test_loops_depend_on_all_modules_of_the_arranger_that_have_some_or_their_constants() -> None:
    sources = {path: path.read_text() for path in ARRANGER.rglob("*.py")}
    with_loops = {
        path: text for path, text in sources.items() if re.search(r"^@njit|^ +@intrinsic", text, re.MULTILINE)
    }
    imported = {
        PACKAGE / (module.replace(".", "/") + ".py")
        for text in with_loops.values()
        for module in re.findall(r"^from pianoroll_vae\.(models\.arranger\.\S+) import", text, re.MULTILINE)
    }
    assert len(with_loops) == 5
    assert set(LOOPS) == (imported | set(with_loops)) - {ARRANGER / "play/loop_cache.py"}
