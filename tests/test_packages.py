"""The wheel and the sdist hold all that the package needs, installed where nothing of the source is."""

import os
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


def test_the_wheel_installs_into_an_empty_environment_and_writes_a_song(packages: Path, tmp_path: Path) -> None:
    """What it depends on is seen through a path, since to install that takes half a minute and the network."""
    [wheel] = packages.glob("*.whl")
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    installed = [sys.executable, "-m", "pip", f"--python={python}", "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(installed, check=True, capture_output=True)
    [site] = (tmp_path / "venv").glob("lib/*/site-packages")
    dependencies = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "dependencies.pth").write_text(f"{dependencies}\n")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    program = "import pianoroll_vae; print(pianoroll_vae.__file__)"
    where = subprocess.run([str(python), "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert str(site) in where.stdout, "the wheel's package comes before the source of the tests"
    vaemusic = [str(python.with_name("vaemusic")), "generate", "--steps", "1", "-o", "song.mid", "-o", "song.wav"]
    done = subprocess.run(vaemusic, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "song.mid").read_bytes().startswith(b"MThd")
