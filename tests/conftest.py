"""What all tests share: the command line, run in this process as a user would run it."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pianoroll_vae.cli.app import main


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit status and what it wrote."""

    status: int
    out: str
    err: str


Vaemusic = Callable[..., Done]


@pytest.fixture
def vaemusic(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Vaemusic:
    """`vaemusic("filter", "--genre", "blues")` runs that command."""

    def run(*arguments: str | Path) -> Done:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["vaemusic", *map(str, arguments)])
        status = 0
        try:
            main()
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else int(end.code is not None)
        out, err = capsys.readouterr()
        return Done(status, out, err)

    return run


@pytest.fixture(autouse=True)
def ordinary_floats() -> Iterator[None]:
    """Training lets the processor flush denormal numbers; the next test wants the processor as it was."""
    yield
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_flush_denormal(False)
