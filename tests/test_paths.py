"""Every question about a path has an answer or one message."""

from contextlib import nullcontext
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

from pianoroll_vae import listen, paths, stages
from pianoroll_vae.errors import FileUnreadable
from tests.conftest import Vaemusic, as_unprivileged_user
from tests.midi_files import midi_file

QUESTIONS = (paths.status, paths.exists, paths.is_file, paths.is_folder, paths.size_of, paths.list_folder)
ABSENT: tuple[object, ...] = (None, False, False, False, 0, [])
TOO_LONG = "n" * 300


def test_what_is_missing_is_an_answer(tmp_path: Path) -> None:
    for name in ("none", "none/below"):
        assert tuple(ask(tmp_path / name) for ask in QUESTIONS) == ABSENT
    (tmp_path / "file").touch()
    assert tuple(ask(tmp_path / "file" / "below") for ask in QUESTIONS) == ABSENT


def test_files_and_folders_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"abc")
    (tmp_path / "a").mkdir()
    assert paths.is_folder(tmp_path) and not paths.is_file(tmp_path)
    assert paths.is_file(tmp_path / "b.txt") and paths.size_of(tmp_path / "b.txt") == 3
    assert paths.list_folder(tmp_path) == [tmp_path / "a", tmp_path / "b.txt"]
    assert paths.list_folder(tmp_path, "*.txt") == [tmp_path / "b.txt"]


@pytest.mark.parametrize("ask", QUESTIONS, ids=lambda ask: ask.__name__)
def test_what_cannot_be_asked_is_one_message(ask: paths.Query, open_folder: Path) -> None:
    closed = open_folder / "closed"
    (closed / "inside").mkdir(parents=True)
    closed.chmod(0)
    (open_folder / "loop").symlink_to("loop")
    for path in (closed / "inside", open_folder / TOO_LONG, open_folder / "loop", open_folder / "a\0b"):
        with as_unprivileged_user(), pytest.raises(FileUnreadable, match="cannot be read") as caught:
            ask(path)
        assert caught.value.hint
    closed.chmod(0o755)


COMMANDS = (
    ("show", "PATH.mid"),
    ("chart", "PATH.chart"),
    ("plot", "song.mid", "-o", "PATH.png"),
    ("render", "song.mid", "--soundfont", "PATH.sf2"),
    ("compare", "song.mid", "PATH.mid"),
    ("-w", "PATH", "status"),
    ("init", "PATH"),
    ("sample", "PATH"),
    ("-w", "work", "import", "PATH"),
    ("-w", "work", "filter", "--all", "--lpd", "PATH"),
    ("-w", "work", "filter", "--genre", "rock", "--lpd", "work", "--msd", "PATH"),
    ("-w", "work", "filter", "--genre", "rock", "--lpd", "work", "--genres", "PATH"),
    ("-w", "work", "export", "PATH"),
    ("evaluate", "PATH", "--against", "PATH"),
    ("generate", "--primer", "PATH", "--steps", "1"),
    ("generate", "--chart", "PATH", "--steps", "1"),
    ("generate", "--steps", "1", "-o", "PATH/song.mid"),
    ("vary", "song.mid", "-o", "PATH"),
    ("blend", "song.mid", "--style", "PATH.mid"),
    ("groove", "PATH.mid"),
)


@pytest.fixture(scope="module")
def everything_imported() -> None:
    """Another user may not read the installed packages."""
    for package in (stages, listen):
        for module in iter_modules(package.__path__, f"{package.__name__}."):
            import_module(module.name)


@pytest.mark.usefixtures("everything_imported")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_takes_a_path_that_cannot_be_asked_for_more_than_a_message(
    vaemusic: Vaemusic, open_folder: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    midi_file(open_folder / "song.mid", beats=8)
    (open_folder / "work").mkdir()
    (open_folder / "work" / "vaemusic.toml").touch()
    (open_folder / "closed").mkdir()
    (open_folder / "closed").chmod(0)
    monkeypatch.chdir(open_folder)
    for path in (TOO_LONG, "closed/inside"):
        with as_unprivileged_user() if path != TOO_LONG else nullcontext():
            done = vaemusic(*(word.replace("PATH", path) for word in command))
        assert done.status in (1, 2), done.out
        assert "Error" in done.err and "Traceback" not in done.err
    assert {entry.name for entry in open_folder.iterdir()} == {"song.mid", "work", "closed"}
