"""A small dataset in twelfths of a beat for the recipe arranger: songs of loops."""

import tempfile
from functools import cache
from pathlib import Path

from pianoroll_vae.atomic_files import write_bytes
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.dataset_writer import DatasetWriter
from pianoroll_vae.music.note_columns import pack
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR, TWELFTHS_PER_BEAT
from pianoroll_vae.music.selection import SongFacts
from pianoroll_vae.music.song import Song
from pianoroll_vae.stages import init
from pianoroll_vae.workspace import DATASET, Workspace
from tests.small_arranger import loops

SEGMENT_STEPS = 4 * TWELFTHS_PER_BAR


def loop_song(seed: int, bars: int, silent: tuple[int, ...] = ()) -> Song:
    steps = bars * TWELFTHS_PER_BAR
    return Song(LPD5, loops(bars, seed, kinds=2, silent=silent).to_notes().between(0, steps), steps, TWELFTHS_PER_BEAT)


def arranger_dataset(path: Path, songs: int = 12, bars: int = 12, silent: tuple[int, ...] = ()) -> Dataset:
    """Songs of so many bars, one more for every other song; `silent`: the instruments that never play."""
    write_bytes(path, _content(songs, bars, silent))
    return Dataset.open(path)


@cache
def _content(songs: int, bars: int, silent: tuple[int, ...]) -> bytes:
    """What is in its file. It is made once, as many tests begin with the same dataset."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "dataset.h5")
        writer = DatasetWriter(path, LPD5, TWELFTHS_PER_BEAT, SEGMENT_STEPS, velocities=True)
        made = [loop_song(seed, bars + seed % 2, silent) for seed in range(songs)]
        writer.add(pack(made, velocities=True), [SongFacts(md5=f"{seed:032x}") for seed in range(songs)])
        writer.finish(seed=0)
        return path.read_bytes()


def arranger_dataset_workspace(root: Path, songs: int = 12, bars: int = 12, silent: tuple[int, ...] = ()) -> Workspace:
    """A workspace in which preprocessing is done."""
    init.run(root)
    workspace = Workspace.find(root)
    arranger_dataset(workspace.path(DATASET), songs, bars, silent)
    workspace.record(DATASET, workspace.source_fingerprints(DATASET))
    return workspace
