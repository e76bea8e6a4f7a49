"""A small dataset for the recipe thesis, songs of repeated random bars, and a recipe of small networks."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from pianoroll_vae.atomic_files import write_bytes
from pianoroll_vae.models.recipe import LatentTraining, Recipe, VaeTraining
from pianoroll_vae.models.recipe_files import FOLDER, to_toml
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.dataset_writer import DatasetWriter
from pianoroll_vae.music.note_columns import pack
from pianoroll_vae.music.selection import SongFacts
from pianoroll_vae.music.song import Song
from pianoroll_vae.stages import init
from pianoroll_vae.workspace import DATASET, Workspace

STEPS = 32

SMALL = Recipe(
    "small",
    latent_size=4,
    vae=VaeTraining(channels=(4, 8, 8), epochs=3, batch_size=8, learning_rate=1e-2),
    latents=LatentTraining(hidden_size=8, epochs=3, pairs=128, batch_size=8),
)


def small_recipe_file(root: Path, recipe: Recipe = SMALL) -> str:
    """Write the recipe into a workspace, for commands; returns its name."""
    path = root / FOLDER / f"{recipe.name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(to_toml(recipe))
    return recipe.name


def repeating_song(seed: int, segments: int, silent: tuple[str, ...] = ()) -> Song:
    """Every instrument repeats a bar of its own, except those that are silent."""
    rng = np.random.default_rng(seed)
    rolls = np.zeros((len(LPD5), segments * STEPS, 128), np.uint8)
    for index, instrument in enumerate(LPD5):
        if instrument.name not in silent:
            bar = np.zeros((8, 128), np.uint8)
            bar[rng.integers(8, size=6), 36 + rng.integers(36, size=6)] = rng.integers(40, 120, 6)
            rolls[index] = np.tile(bar, (segments * 4, 1))
    return Song.from_rolls(LPD5, rolls, 2)


def thesis_dataset(
    path: Path, songs: int = 12, segments: int = 4, silent: tuple[str, ...] = (), steps_per_beat: int = 2
) -> Dataset:
    """Songs of `segments` segments each, one more for every other song."""
    write_bytes(path, _content(songs, segments, silent, steps_per_beat))
    return Dataset.open(path)


@cache
def _content(songs: int, segments: int, silent: tuple[str, ...], steps_per_beat: int) -> bytes:
    """What is in its file. It is made once, as many tests begin with the same dataset."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "dataset.h5")
        writer = DatasetWriter(path, LPD5, steps_per_beat, STEPS * steps_per_beat // 2, velocities=True)
        made = [repeating_song(seed, segments + seed % 2, silent).regrid(steps_per_beat) for seed in range(songs)]
        writer.add(pack(made, velocities=True), [SongFacts(md5=f"{seed:032x}") for seed in range(songs)])
        writer.finish(seed=0)
        return path.read_bytes()


def thesis_dataset_workspace(root: Path, songs: int = 12, segments: int = 4, silent: tuple[str, ...] = ()) -> Workspace:
    """A workspace in which preprocessing is done."""
    init.run(root)
    workspace = Workspace.find(root)
    thesis_dataset(workspace.path(DATASET), songs, segments, silent)
    workspace.record(DATASET, workspace.source_fingerprints(DATASET))
    return workspace
