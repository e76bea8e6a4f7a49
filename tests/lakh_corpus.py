"""A small Lakh and Million Song corpus on disk, for stages to work on."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from pianoroll_vae.workspace import CONFIG_FILE, Workspace
from tests.sources import lakh_files, msd_files

BLUES, ROCK, BOTH, JAZZ, UNKNOWN = range(5)
IDS = tuple(f"TRAAA{letter}X128F42000{number}B" for number, letter in enumerate("ABCDE"))
MD5S = tuple(f"{number}" * 32 for number in range(5))
SECOND_ID = "TRZZZZX128F420009B"
"""The blues goes under another id too, which no genre is known for."""


@dataclass(frozen=True)
class Corpus:
    workspace: Workspace
    lpd: Path
    msd: Path


def make_lakh_corpus(root: Path, steps: int = 1000) -> Corpus:
    """Five songs: blues, rock, both, jazz, and one that no source knows."""
    for name, content in _files(steps).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return Corpus(Workspace(root / "home"), root / "lpd", root / "msd")


@cache
def _files(steps: int) -> Mapping[str, bytes]:
    """What is in each file below the root. It is made once, as many tests begin with a corpus and then spoil it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write(root, steps)
        return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _write(root: Path, steps: int) -> None:
    lpd, msd, home = root / "lpd", root / "msd", root / "home"
    home.mkdir()
    (home / CONFIG_FILE).write_text("")
    for number in range(5):
        lakh_files.song_file(lpd, IDS[number], MD5S[number], rolls(number, steps), tempo=np.full(steps, 90.0 + number))
    lakh_files.song_file(lpd, SECOND_ID, MD5S[BLUES], rolls(BLUES, steps), tempo=np.full(steps, 90.0))
    msd_files.song_file(msd, IDS[BLUES], [("blues", 1.0), ("delta blues", 0.9)], "Stones", "Robert", 1936)
    msd_files.song_file(msd, IDS[ROCK], [("rock", 0.4), ("indie rock", 0.9)], "Gravel")
    msd_files.song_file(msd, IDS[BOTH], [("rock", 0.8), ("Blues", 0.7), ("pop", 0.1)])
    msd_files.song_file(msd, IDS[JAZZ], [("jazz", 1.0)])


def rolls(seed: int, steps: int) -> dict[str, np.ndarray]:
    """The second song has no guitar."""
    made = lakh_files.random_rolls(seed, steps)
    return made | {"Guitar": lakh_files.absent()} if seed == ROCK else made
