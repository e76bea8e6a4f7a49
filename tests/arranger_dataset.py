"""A small dataset in twelfths of a beat for the recipe arranger: songs of loops."""

from functools import cache
from pathlib import Path

from pianoroll_vae.atomic_files import write_bytes
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR, TWELFTHS_PER_BEAT
from pianoroll_vae.music.song import Song
from pianoroll_vae.workspace import Workspace
from tests.dataset_files import dataset_content, dataset_workspace
from tests.small_arranger import loops

SEGMENT_STEPS = 4 * TWELFTHS_PER_BAR


def loop_song(seed: int, bars: int, silent: tuple[int, ...] = ()) -> Song:
    steps = bars * TWELFTHS_PER_BAR
    return Song(LPD5, loops(bars, seed, kinds=2, silent=silent).to_notes().between(0, steps), steps, TWELFTHS_PER_BEAT)


def arranger_dataset(path: Path, songs: int = 12, bars: int = 12, silent: tuple[int, ...] = ()) -> Dataset:
    """Songs of so many bars, one more for every other song; `silent`: the instruments that never play."""
    write_bytes(path, _content(songs, bars, silent))
    return Dataset.open(path)


@cache  # many tests begin with the same dataset
def _content(songs: int, bars: int, silent: tuple[int, ...]) -> bytes:
    made = [loop_song(seed, bars + seed % 2, silent) for seed in range(songs)]
    return dataset_content(made, TWELFTHS_PER_BEAT, SEGMENT_STEPS)


def arranger_dataset_workspace(root: Path, songs: int = 12, bars: int = 12, silent: tuple[int, ...] = ()) -> Workspace:
    """A workspace in which preprocessing is done."""
    return dataset_workspace(root, _content(songs, bars, silent))
