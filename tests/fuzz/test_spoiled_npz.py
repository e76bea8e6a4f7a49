"""npz files that went bad: thousands of them end in a song or in one message, in bounded time and memory."""

import random
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pianoroll_vae.errors import VaemusicError
from pianoroll_vae.music.band import LPD5, LPD17
from pianoroll_vae.sources.lakh import MAX_STEPS, read_lakh
from tests.fuzz.spoiling import spoiled
from tests.sources.lakh_files import absent, members, random_rolls, write

SECONDS = 10
INFO = b'{"name": "x", "beat_resolution": 24, "0": {"program": 0, "is_drum": false, "name": "Piano"}}'


def specimens() -> list[dict[str, np.ndarray | bytes]]:
    """Whole songs with everything the format has, of two instruments: each has four arrays, which take time."""
    rolls = {name: roll for name, roll in random_rolls(0, 60).items() if name in ("Piano", "Drums")}
    return [
        members(rolls, tempo=np.linspace(60, 200, 60)),
        members(rolls | {"Guitar": absent()}, key="resolution", resolution=12),
        members({"Piano": rolls["Piano"] > 0}, tempo=np.full((60, 1), 120)),
    ]


def must_end_well(path: Path, rng: random.Random) -> bool:
    """Whether a song came out; anything but a song or a message is a failure."""
    try:
        song = read_lakh(path, rng.choice([LPD5, LPD17]), rng.choice([2, 4, 24]))
    except VaemusicError as error:
        assert error.message.startswith(str(path))
        assert error.hint
        return False
    notes = song.notes
    assert song.steps <= MAX_STEPS * 24
    assert len(notes) == 0 or (notes.start.min() >= 0 and notes.length.min() >= 1 and notes.velocity.min() >= 1)
    assert notes.end.max(initial=0) <= song.steps
    assert notes.velocity.max(initial=0) <= 127
    return True


def test_thousands_of_spoiled_files_end_in_a_song_or_in_one_message(tmp_path: Path) -> None:
    rng = random.Random(1)
    path = tmp_path / "song.npz"
    whole = [write(tmp_path / f"{i}.npz", contents).read_bytes() for i, contents in enumerate(specimens())]
    until = time.monotonic() + SECONDS / 2
    refused = total = 0
    while total < 2000 and time.monotonic() < until:
        path.write_bytes(spoiled(rng.choice(whole), rng))
        total += 1
        refused += not must_end_well(path, rng)
    assert total > 300
    assert refused > total / 2


def test_thousands_of_files_with_spoiled_contents_end_in_a_song_or_in_one_message(tmp_path: Path) -> None:
    """Whole as archives, so that what is inside is looked at."""
    rng = random.Random(2)
    path = tmp_path / "song.npz"
    until = time.monotonic() + SECONDS
    wholes = []
    for contents in specimens():
        with zipfile.ZipFile(write(path, contents)) as file:
            wholes.append({name: file.read(name) for name in file.namelist()})
    read = total = 0
    while total < 2000 and time.monotonic() < until:
        members = dict(rng.choice(wholes))
        for name in rng.sample(sorted(members), rng.randrange(1, 3)):
            if rng.random() < 0.1:
                del members[name]
            elif name.endswith(".json"):
                members[name] = spoiled(members[name], rng)
            elif rng.random() < 0.3:
                members[name] = spoiled(members[name][:128], rng) + members[name][128:]
            else:
                members[name] = members[name][:128] + spoiled(members[name][128:], rng)[: len(members[name]) - 128]
        write(path, members, zipfile.ZIP_STORED)
        total += 1
        read += must_end_well(path, rng)
    assert total > 300
    assert 0 < read < total


BOMBS: dict[str, Callable[[], dict[str, np.ndarray | bytes]]] = {
    "a long roll": lambda: {"pianoroll_0_csc_shape.npy": np.array([MAX_STEPS, 128])},
    "an endless roll": lambda: {"pianoroll_0_csc_shape.npy": np.array([2**62, 128])},
    "too many tempi": lambda: {"tempo.npy": np.ones(MAX_STEPS + 1)},
    "no tempo": lambda: {"tempo.npy": np.zeros(MAX_STEPS)},
    "spaces": lambda: {"info.json": INFO + b" " * 50_000_000},
    "tracks": lambda: {"info.json": b'{"resolution": 1, ' + b", ".join(b'"%d": {}' % i for i in range(3000)) + b"}"},
    "zeros": lambda: {"pianoroll_0_csc_data.npy": np.zeros(80_000_000, np.uint8)},
}
"""Small files that seem to need much memory; made where they are needed, as each takes some itself."""


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_take_no_memory(tmp_path: Path, bomb: str) -> None:
    path = write(tmp_path / "bomb.npz", {**members({"Piano": np.full((8, 128), 9, np.uint8)}), **BOMBS[bomb]()})
    tracemalloc.start()
    must_end_well(path, random.Random(0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < (128 if "temp" in bomb else 32) * 2**20, "a tempo for each step is what a song may have"
