"""Compares `sources/npz.py` with the plain way (zipfile and numpy) on real songs, alternating in one process.

    python -m tests.bench.npz_speed --lpd lpd_5_cleansed [--songs 300]

Both readers have the same limits. Each song is read whole, from the file to notes on a grid of 12 steps per beat; its
fastest of several rounds counts.
"""

import argparse
import io
import time
from pathlib import Path
from typing import Any

import numpy as np

from pianoroll_vae.console import Table, show_table
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.sources import lakh
from pianoroll_vae.sources.npz import Npz

ROUNDS = 7


class PlainNpz(Npz):
    """The same limits, with members decompressed by `zipfile` and array headers parsed by numpy."""

    def _decompress(self, name: str, max_bytes: int) -> bytes:
        member = self._archive.getinfo(name)
        if member.file_size > max_bytes:
            raise self.error(f"would take {member.file_size:,} bytes of memory for {name}")
        with self._archive.open(member) as file:
            return file.read(member.file_size + 1)

    def array(self, name: str, max_items: int, kinds: str) -> np.ndarray[tuple[int], np.dtype[Any]]:
        content = io.BytesIO(self._decompress(f"{name}.npy", max_items * 8 + 1024))
        version = np.lib.format.read_magic(content)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(content)
        if dtype.kind not in kinds or len(shape) not in (1, 2) or shape[1:] not in ((), (1,)) or shape[0] > max_items:
            raise self.error(f"has values of type {dtype} and shape {shape} in {name}")
        start = content.tell()
        if len(content.getbuffer()) - start != shape[0] * dtype.itemsize:
            raise self.error(f"declares {shape[0]:,} items in {name} but has another number")
        return np.frombuffer(content.getbuffer(), dtype, shape[0], start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lpd", type=Path, required=True)
    parser.add_argument("--songs", type=int, default=300)
    arguments = parser.parse_args()
    paths = sorted(arguments.lpd.rglob("*.npz"))[: arguments.songs]
    readers: dict[str, type[Npz]] = {"sources/npz.py": Npz, "zipfile and numpy": PlainNpz}
    best = np.full((len(readers), len(paths)), np.inf)
    for _ in range(ROUNDS):
        for number, path in enumerate(paths):
            songs = []
            for index, reader in enumerate(readers.values()):
                lakh.Npz = reader  # type: ignore[attr-defined]
                began = time.perf_counter()
                songs.append(lakh.read_lakh(path, LPD5, 12))
                best[index, number] = min(best[index, number], time.perf_counter() - began)
            assert songs[0].notes == songs[1].notes
    total = best.sum(axis=1)
    rows = [
        (name, round(len(paths) / each), 1000 * each / len(paths), each / total[0])
        for name, each in zip(readers, total.tolist(), strict=True)
    ]
    show_table(
        Table(f"{len(paths)} songs to notes, one core", ("reader", "songs a second", "ms a song", "times"), rows)
    )


if __name__ == "__main__":
    main()
