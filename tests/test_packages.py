"""The wheel and the sdist hold all that the package needs, installed where nothing of the source is."""

import contextlib
import gzip
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from flit_core import buildapi, sdist, wheel

from tests.first_song import OPTIONS, FirstSong

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is built from it, as the build system of the project makes them, but
    not compressed."""
    folder, unpacked = tmp_path_factory.mktemp("packages"), tmp_path_factory.mktemp("sdist")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sdist, "GzipFile", partial(gzip.GzipFile, compresslevel=0))
        patch.setattr(wheel, "zipfile", SimpleNamespace(**vars(zipfile) | {"ZIP_DEFLATED": zipfile.ZIP_STORED}))
        with contextlib.chdir(ROOT):
            packed = folder / buildapi.build_sdist(str(folder))
        with tarfile.open(packed) as archive:
            archive.extractall(unpacked, filter="data")
        [root] = unpacked.iterdir()
        with contextlib.chdir(root):
            buildapi.build_wheel(str(folder))
    return folder


def test_the_sdist_holds_what_its_tests_need(packages: Path) -> None:
    [packed] = packages.glob("*.tar.gz")
    with tarfile.open(packed) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "Makefile", "pyproject.toml", "constraints.txt", "tests/conftest.py"} <= names
    assert not any(name.startswith((".venv", ".git/", "demo/")) for name in names)


@pytest.fixture(scope="module")
def python(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Python of an empty environment in which the wheel is installed.

    What it depends on, and pip, is seen through a path, since to install that takes half a minute and the network."""
    home = tmp_path_factory.mktemp("environment")
    [packed] = packages.glob("*.whl")
    venv.create(home, with_pip=False)
    python = home / "bin" / "python"
    [site] = home.glob("lib/*/site-packages")
    dependencies = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "dependencies.pth").write_text(f"{dependencies}\n")
    beside = ("--ignore-installed", "--no-deps")  # there is a package of this name in the environment of the tests
    install = ("-m", "pip", "install", *beside, "--no-index", "--no-compile", "--disable-pip-version-check")
    subprocess.run([python, *install, packed], check=True, capture_output=True)
    return python


def source_files() -> dict[str, bytes]:
    """The package's files and what is in them."""
    house = ROOT / "src" / "pianoroll_vae"
    return {
        path.relative_to(house).as_posix(): path.read_bytes()
        for path in house.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def give_loops(song: FirstSong, installed: Path) -> None:
    """The loops that were compiled for the first song, where numba looks for those of an installed package.

    It takes those of a module that is as old as the one they were compiled from."""
    for name in source_files():
        source = (ROOT / "src" / "pianoroll_vae" / name).stat()
        os.utime(installed / name, ns=(source.st_atime_ns, source.st_mtime_ns))
    for loops in (path for path in song.loops.iterdir() if path.is_dir()):
        room, _, _ = loops.name.rpartition("_")  # and a digest of where it was
        [folder] = [path for path in installed.rglob(room) if path.is_dir()]
        shutil.copytree(loops, folder / "__pycache__", dirs_exist_ok=True)


def test_the_wheel_is_the_package_and_writes_the_song_of_the_source_in_an_empty_environment(
    python: Path, first_song: FirstSong, tmp_path: Path
) -> None:
    """Since its files are those of the source, it is given the loops that were compiled from them."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "NUMBA_CACHE_DIR")}

    def output(*command: str | Path) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = output(python, "-c", "import pianoroll_vae; print(pianoroll_vae.__file__)")
    assert str(python.parent.parent) in where, "the wheel's package comes before the source of the tests"
    installed = Path(where.strip()).parent
    assert {name: (installed / name).read_bytes() for name in source_files()} == source_files()
    give_loops(first_song, installed)
    output(python.with_name("vaemusic"), "generate", *OPTIONS, "-o", "song.mid", "-o", "song.wav")
    assert (tmp_path / "song.mid").read_bytes() == first_song.midi
    assert (tmp_path / "song.wav").read_bytes().startswith(b"RIFF")
