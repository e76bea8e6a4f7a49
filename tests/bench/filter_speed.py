"""How fast genres are read from Million Song Dataset files, beside the way its own tools show.

    python -m tests.bench.filter_speed --msd msd [--tracks-of lpd_5_cleansed]

The dataset's own `hdf5_getters` open a file with PyTables (not among our dependencies) and read one field after the
other. Without --msd (or MSD in the environment) song files are written for the purpose.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pianoroll_vae.console import Table, show_table
from pianoroll_vae.sources.dropped import DroppedFiles
from pianoroll_vae.sources.genres import GenreQuery
from pianoroll_vae.sources.lakh_tree import list_lakh
from pianoroll_vae.sources.million_song import SongFiles, find_root, read_song
from pianoroll_vae.sources.worker_pool import cores
from tests.sources import msd_files

MILLION = 1_000_000
LPD_TRACKS = 21_425
"""Track ids of LPD-5-cleansed."""
REPEATS = 20
"""Of the files, so that starting processes does not count too much."""
WANTED = GenreQuery(("blues", "rock"))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--msd", type=Path, default=os.environ.get("MSD"))
    arguments.add_argument("--lpd", type=Path, default=os.environ.get("LPD"))
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.msd:
            root = find_root(Path(asked.msd))
        else:
            print("No --msd: song files written for the purpose.")
            root = _written(Path(folder))
        files = sorted(root.rglob("TR*.h5"))
        ways: dict[str, Callable[[], object]] = {
            "ours, one core": lambda: [read_song(file, WANTED) for file in files],
            f"ours, all {cores()} cores, starting them included": lambda: list(
                SongFiles(root).labels([file.stem for file in files] * REPEATS, WANTED)
            ),
        }
        try:
            ways["hdf5_getters' way (PyTables)"] = _getters(files)
        except ImportError:
            print("PyTables is not installed: pip install tables")
        rows = []
        for name, work in ways.items():
            work()
            many = "all" in name
            clock = time.perf_counter if many else time.process_time  # a busy machine does not count against one core
            each = min(_seconds(work, clock) for _ in range(3)) / len(files) / (REPEATS if many else 1)
            rows.append((name, round(1 / each), 1000 * each, each * LPD_TRACKS, each * MILLION))
        columns = (
            "way",
            "files a second",
            "ms a file",
            f"seconds for LPD's {LPD_TRACKS:,}",
            "for every file of a million",
        )
        show_table(Table(f"Genres from {len(files)} song files", columns, rows))
    if asked.lpd:
        found = 0
        began = time.perf_counter()
        for _ in list_lakh(Path(asked.lpd), DroppedFiles()):
            found += 1
        print(f"Listing {found:,} songs takes {time.perf_counter() - began:.2f} s.")


def _written(root: Path) -> Path:
    terms = [(f"term {number}", 1 - number / 60) for number in range(45)]
    for number in range(150):
        msd_files.song_file(root, f"TRAAA{chr(65 + number % 26)}A128F42{number:05X}", [("rock", 1.0), *terms])
    return root


def _getters(files: list[Path]) -> Callable[[], object]:
    import tables

    def read_all() -> None:
        for file in files:
            with tables.open_file(str(file)) as song:
                song.root.metadata.artist_terms.read()
                song.root.metadata.artist_terms_weight.read()
                for table, field in (("metadata", "title"), ("metadata", "artist_name"), ("musicbrainz", "year")):
                    getattr(getattr(song.root, table).songs.cols, field)[0]
                song.root.analysis.songs.cols.track_id[0]

    return read_all


def _seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    began = clock()
    work()
    return clock() - began


if __name__ == "__main__":
    main()
