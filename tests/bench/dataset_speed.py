"""How fast and how small songs become a dataset, beside pypianoroll, and how fast a dataset feeds training.

    python -m tests.bench.dataset_speed --lpd lpd_5_cleansed [--songs 300] [--whole] [--times 174154]

Without --lpd (or LPD in the environment) songs drawn by chance are written and used: right for comparing, not for
absolute figures. --whole runs `vaemusic preprocess` over the folder and watches its memory; --times repeats its songs
under other ids until there are so many, to see whether time grows with them and memory does not.
"""

import argparse
import os
import random
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.console import Table, show_table
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.dataset_writer import DatasetWriter
from pianoroll_vae.music.note_columns import pack
from pianoroll_vae.music.segments import SegmentBank
from pianoroll_vae.music.selection import SelectedSong, SongFacts, read_selection, write_selection
from pianoroll_vae.progress import SilentWatch
from pianoroll_vae.sources.dropped import DroppedFiles
from pianoroll_vae.sources.lakh import read_lakh
from pianoroll_vae.sources.lakh_tree import list_lakh
from pianoroll_vae.sources.worker_pool import cores
from pianoroll_vae.stages.preprocess import BATCH_SONGS
from pianoroll_vae.workspace import CONFIG_FILE, SELECTION, Workspace
from tests.bench.memory import watch
from tests.sources.lakh_files import random_rolls, song_file

ROUNDS = 3


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--lpd", type=Path, default=os.environ.get("LPD"))
    arguments.add_argument("--songs", type=int, default=300)
    arguments.add_argument("--whole", action="store_true")
    arguments.add_argument("--times", type=int)
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        lpd = Path(asked.lpd) if asked.lpd else _drawn_corpus(home / "lpd", asked.songs)
        if not asked.lpd:
            print("No --lpd: songs drawn by chance.")
        files = sorted({file.md5: file.path for file in list_lakh(lpd, DroppedFiles())}.values())
        sample = random.Random(0).sample(files, min(asked.songs, len(files)))
        side_by_side(sample, home)
        feeding(sample, home)
        if asked.whole or asked.times:
            whole(home, lpd, asked.times)


def _drawn_corpus(root: Path, songs: int) -> Path:
    for number in range(min(songs, 40)):
        song_file(root, f"TRAAA{number:02d}X128F4200001"[:18], f"{number:032x}", random_rolls(number, 5000, 0.02))
    return root


def side_by_side(files: Sequence[str], home: Path) -> None:
    """npz to dataset on one core, in turns with pypianoroll's way to arrays (which writes nothing)."""
    rows = []
    for steps_per_beat in (2, 4):
        ours = theirs = float("inf")
        for _ in range(ROUNDS):
            ours = min(ours, _seconds(partial(_write, files, home / "d.h5", steps_per_beat, False)))
            theirs = min(theirs, _seconds(partial(_pypianoroll, files, steps_per_beat)))
        per_song = [1000 * seconds / len(files) for seconds in (ours, theirs)]
        small = (home / "d.h5").stat().st_size / len(files)
        _write(files, home / "v.h5", steps_per_beat, True)
        with_velocities = (home / "v.h5").stat().st_size / len(files)
        npz = sum(Path(file).stat().st_size for file in files) / len(files)
        rows.append((steps_per_beat, *per_song, theirs / ours, round(npz), round(small), round(with_velocities)))
    columns = (
        "steps a beat",
        "ours, ms a song",
        "pypianoroll",
        "ratio",
        "npz, bytes a song",
        "dataset",
        "with velocities",
    )
    show_table(Table(f"npz to dataset, {len(files)} songs, one core", columns, rows))


def _write(files: Sequence[str], path: Path, steps_per_beat: int, velocities: bool) -> None:
    writer = DatasetWriter(path, LPD5, steps_per_beat, 16 * steps_per_beat, velocities)
    for start in range(0, len(files), BATCH_SONGS):
        batch = files[start : start + BATCH_SONGS]
        songs = [read_lakh(Path(file), LPD5, steps_per_beat) for file in batch]
        writer.add(pack(songs, velocities), [SongFacts(md5=Path(file).stem) for file in batch])
    writer.finish(seed=0)


def _pypianoroll(files: Sequence[str], steps_per_beat: int) -> None:
    import pypianoroll

    for file in files:
        pypianoroll.load(file).set_resolution(steps_per_beat).pad_to_same().stack()


def feeding(files: Sequence[str], home: Path) -> None:
    """Random batches of all instruments, painted as uint8 on one core; one roll is one instrument's segment."""
    rows = []
    for steps_per_beat in (2, 4):
        _write(files, home / "f.h5", steps_per_beat, True)
        loaded = _seconds(lambda: Dataset.open(home / "f.h5").bank("train"))
        bank = Dataset.open(home / "f.h5").bank("train")
        rng = np.random.default_rng(0)
        for size in (32, 128, 1024):
            batches = [rng.integers(0, len(bank), size) for _ in range(max(1, 16384 // size))]
            seconds = min(_seconds(partial(_read_batches, bank, batches)) for _ in range(ROUNDS))
            rolls = sum(map(len, batches)) * bank.instruments
            a_roll = bank.nbytes / len(bank) / bank.instruments
            rows.append((f"{bank.segment_steps} × 128", size, round(rolls / seconds), round(a_roll), round(loaded, 2)))
    columns = ("roll", "segments a batch", "rolls a second", "bytes a roll in memory", "seconds to load")
    show_table(Table("A dataset feeding training, one core", columns, rows))


def _read_batches(bank: SegmentBank, batches: Sequence[NDArray[np.int64]]) -> None:
    for ids in batches:
        bank.batch(ids)


def whole(home: Path, lpd: Path, times: int | None) -> None:
    """`vaemusic preprocess` over all songs, in a process of its own."""
    workspace = Workspace(home / "home")
    workspace.root.mkdir()
    (workspace.root / CONFIG_FILE).write_text("")
    from pianoroll_vae.config import FilterSettings
    from pianoroll_vae.stages.filter import Request, run

    run(workspace, Request(lpd, everything=True), FilterSettings(), SilentWatch())
    songs = list(read_selection(workspace.path(SELECTION)))
    rows = []
    for count in sorted({len(songs), times or len(songs)}):
        write_selection(workspace.path(SELECTION), _repeated(songs, count))
        command = [
            sys.executable,
            "-m",
            "pianoroll_vae",
            "-w",
            str(workspace.root),
            "preprocess",
            "--steps-per-beat",
            "4",
        ]
        done = watch(command)
        size = (workspace.root / "dataset.h5").stat().st_size
        rows.append(
            (
                count,
                done.seconds,
                done.core_seconds,
                round(count / done.seconds),
                round(done.peak / 2**20),
                round(size / count),
            )
        )
    columns = ("songs", "seconds", "core seconds", "songs a second", "peak PSS of all processes, MiB", "bytes a song")
    show_table(Table(f"vaemusic preprocess --steps-per-beat 4, velocities kept, {cores()} cores", columns, rows))


def _repeated(songs: list[SelectedSong], count: int) -> list[SelectedSong]:
    """So many songs: the same ones again under other md5s."""
    rounds = (
        song if turn == 0 else replace(song, md5=f"{turn:04x}{song.md5[4:]}") for turn in range(count) for song in songs
    )
    return [song for song, _ in zip(rounds, range(count), strict=False)]


def _seconds(work: Callable[[], object]) -> float:
    """Of one core's time, so that a busy machine does not count."""
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
