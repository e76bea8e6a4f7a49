"""The first song on a machine, for which the loops are compiled: written once for all tests that claim something of it.

Compiling takes 15 s. So the run of tests that finds no compiled loops has a process write a song with the bundled band
while the tests are collected, and the loops that it leaves behind are those of all other tests, until the code of the
arranger changes. Where other code has changed since, the song is written anew with these loops.
"""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOUSE = Path(__file__).parent.parent / "src" / "pianoroll_vae"

PROGRAM = """
import json, sys
from pathlib import Path
from numba.core import event
from pianoroll_vae import progress
from pianoroll_vae.cli.app import main
from pianoroll_vae.models.arranger.play.loop_cache import LoopCache
task, load = progress.ConsoleWatch.task, LoopCache.load_overload
compilations, found, counts = event.RecordingListener(), [], {}
def count(title):
    counts[title] = {'compiled': len(compilations.buffer) // 2, 'found': len(found)}
def named(watch, title, total, unit):
    count(title)
    return task(watch, title, total, unit)
def counted(cache, signature, target):
    loop = load(cache, signature, target)
    found.extend([] if loop is None else [signature])
    return loop
progress.ConsoleWatch.task, LoopCache.load_overload = named, counted
folder, source = Path(sys.argv[1]), sys.argv[2]
sys.argv = ['vaemusic', 'generate', '--steps', '4', '--seed', '1', '-o', str(folder / 'song.mid')]
with event.install_listener('numba:compile', compilations):
    try: main()
    except SystemExit as end: assert not end.code
assert not {'torch', 'h5py', 'scipy.linalg'} & set(sys.modules)
part = folder / 'compilations.part'
count('End')
part.write_text(json.dumps({'source': source, 'counts': counts}))
part.rename(folder / 'compilations.json')
"""
"""Writes song.mid without PyTorch, h5py and SciPy, and last compilations.json: how many loops were compiled, and how
many were found, before each task and at the end.

Arguments: the folder for both, and the digest of the source."""

OPTIONS = ("--steps", "4", "--seed", "1")
"""Of `generate` for the same song."""


def source_digest(room: str = "") -> str:
    """Of all files of the package, or of a room of it."""
    files = sorted(path for path in (HOUSE / room).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


@dataclass(frozen=True)
class FirstSong:
    """The folder of the song and of what was compiled for it, and that of the loops."""

    folder: Path
    loops: Path

    @property
    def is_written(self) -> bool:
        """Perhaps by an earlier source, which had the same loops."""
        return (self.folder / "compilations.json").exists()

    @property
    def is_of_this_source(self) -> bool:
        return self.is_written and self._record["source"] == source_digest()

    @property
    def midi(self) -> bytes:
        return (self.folder / "song.mid").read_bytes()

    @property
    def compiled(self) -> dict[str, int]:
        """How many loops had been compiled when each task began, and at the end."""
        return {title: counts["compiled"] for title, counts in self._record["counts"].items()}

    @property
    def found(self) -> dict[str, int]:
        """The same of loops that had been compiled earlier."""
        return {title: counts["found"] for title, counts in self._record["counts"].items()}

    @property
    def _record(self) -> Any:
        return json.loads((self.folder / "compilations.json").read_text())


def start_writing(folder: Path, loops: Path, pass_fds: tuple[int, ...] = ()) -> subprocess.Popen[str]:
    """Write the song into the folder, with the loops that are in `loops`; missing ones are compiled into it."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), source_digest()],
        env=os.environ | {"NUMBA_CACHE_DIR": str(loops)},
        pass_fds=pass_fds,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def write_song(folder: Path, loops: Path) -> FirstSong:
    process = start_writing(folder, loops)
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    return FirstSong(folder, loops)
