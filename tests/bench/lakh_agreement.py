"""Counts the songs of a folder whose cells are those that pypianoroll gives, at 2 and 4 steps a beat.

    python tests/bench/lakh_agreement.py lpd_5_cleansed [--sample 500] [--workers 2]

pypianoroll loads each song, brings it to the grid with `set_resolution` and pads its tracks to one length; every cell
of every instrument must have the same velocity in ours. A song that stands under several ids is compared once.
"""

import argparse
import multiprocessing
import random
import sys
import warnings
from pathlib import Path

import numpy as np

from pianoroll_vae.music.band import LPD5
from pianoroll_vae.sources.dropped import DroppedFiles
from pianoroll_vae.sources.lakh import read_lakh
from pianoroll_vae.sources.lakh_tree import list_lakh

GRIDS = (2, 4)


def theirs(path: str, steps_per_beat: int) -> np.ndarray:
    """(instruments, steps, 128) as pypianoroll has it, in our order."""
    import pypianoroll

    song = pypianoroll.load(path).set_resolution(steps_per_beat).pad_to_same()
    by_name = {track.name.lower(): track.pianoroll for track in song.tracks}
    steps = max((roll.shape[0] for roll in by_name.values()), default=0)
    rolls = np.zeros((len(LPD5), steps, 128), np.uint8)
    for index, name in enumerate(LPD5.names):
        roll = by_name.get(name)
        if roll is not None and len(roll):
            rolls[index, : len(roll)] = roll
    return rolls


def agrees(path: str) -> tuple[str, list[bool]]:
    """For each grid, whether every cell is the same; beyond either's end there is silence."""
    verdicts = []
    for steps_per_beat in GRIDS:
        a, b = theirs(path, steps_per_beat), read_lakh(Path(path), LPD5, steps_per_beat).rolls()
        common = min(a.shape[1], b.shape[1])
        rest = a[:, common:].any() or b[:, common:].any()
        verdicts.append(bool(np.array_equal(a[:, :common], b[:, :common]) and not rest))
    return path, verdicts


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--sample", type=int, help="compare so many songs, drawn at random")
    arguments.add_argument("--workers", type=int, default=1)
    asked = arguments.parse_args()
    files = sorted({file.md5: file.path for file in list_lakh(asked.folder, DroppedFiles())}.values())
    if asked.sample:
        files = random.Random(0).sample(files, min(asked.sample, len(files)))
    counts = np.zeros(len(GRIDS), int)
    with multiprocessing.get_context("spawn").Pool(asked.workers) as pool:
        for done, (path, verdicts) in enumerate(pool.imap_unordered(agrees, files, chunksize=16), 1):
            counts += verdicts
            if not all(verdicts):
                print(f"differs: {path}", flush=True)
            if done % 1000 == 0:
                print(f"… {done:,} of {len(files):,}: {counts.tolist()} agree", file=sys.stderr, flush=True)
    for steps_per_beat, count in zip(GRIDS, counts, strict=True):
        print(f"{steps_per_beat} steps a beat: {count:,} of {len(files):,} songs agree in every cell")
    sys.exit(0 if (counts == len(files)).all() else 1)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
