"""The wheel and the sdist hold all that the package needs, installed where nothing of the source is."""

import os
import re
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("packages")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_sdist_holds_what_its_tests_need(packages: Path) -> None:
    [sdist] = packages.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "Makefile", "pyproject.toml", "constraints.txt", "tests/conftest.py"} <= names
    assert not any(name.startswith((".venv", ".git/", "demo/")) for name in names)


@pytest.fixture(scope="module")
def python(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an empty environment in which the wheel is installed.

    What it depends on is seen through a path, since to install that takes half a minute and the network."""
    home = tmp_path_factory.mktemp("environment")
    [wheel] = packages.glob("*.whl")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    installed = [sys.executable, "-m", "pip", f"--python={python}", "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(installed, check=True, capture_output=True)
    [site] = home.glob("lib/*/site-packages")
    dependencies = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "dependencies.pth").write_text(f"{dependencies}\n")
    return python


GENERATE = """
import sys
from numba.core import event
from pianoroll_vae import console
from pianoroll_vae.cli.app import main
task, compilations = console.ConsoleWatch.task, event.RecordingListener()
def named(watch, title, total, unit):
    print(f'{title}: {len(compilations.buffer)}')
    return task(watch, title, total, unit)
console.ConsoleWatch.task = named
sys.argv = ['vaemusic', 'generate', '--steps', '8', '--seed', '1', '-o', sys.argv[1]]
with event.install_listener('numba:compile', compilations):
    try: main()
    except SystemExit as end: assert not end.code
print(f'End: {len(compilations.buffer)}')
assert 'torch' not in sys.modules
"""
"""Writes a song without PyTorch, and prints how much is compiled before each task and at the end."""


def test_the_wheel_writes_songs_in_an_empty_environment_and_the_same_when_nothing_is_compiled_yet(
    python: Path, tmp_path: Path
) -> None:
    """The first song is written with loops that are compiled in a task with a name of its own, the others without."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["NUMBA_CACHE_DIR"] = str(tmp_path / "compiled")

    def output(*command: str | Path) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = output(python, "-c", "import pianoroll_vae; print(pianoroll_vae.__file__)")
    assert str(python.parent.parent) in where, "the wheel's package comes before the source of the tests"
    compilations = []
    for song in ("first.mid", "second.mid"):
        printed = output(python, "-c", GENERATE, song)
        compilations.append(dict(re.findall(r"^([\w ,]+): (\d+)$", printed, re.MULTILINE)))
    first, second = compilations
    assert list(first) == ["Compiling loops for this machine, the first time only", "Generating", "End"]
    assert int(first["Generating"]) == int(first["End"]) > 0
    assert second == {"Generating": "0", "End": "0"}
    songs = [(tmp_path / name).read_bytes() for name in ("first.mid", "second.mid")]
    assert songs[0] == songs[1]
    output(python.with_name("vaemusic"), "generate", "--steps", "1", "-o", "song.mid", "-o", "song.wav")
    assert (tmp_path / "song.mid").read_bytes().startswith(b"MThd")
    assert (tmp_path / "song.wav").read_bytes().startswith(b"RIFF")
