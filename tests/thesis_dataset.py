"""A small dataset for the recipe thesis, songs of repeated random bars, and a recipe of small networks."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from pianoroll_vae.atomic_files import write_bytes
from pianoroll_vae.models.recipe import LatentTraining, Recipe, VaeTraining
from pianoroll_vae.models.recipe_files import FOLDER, to_toml
from pianoroll_vae.music.band import LPD5
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.song import Song
from pianoroll_vae.workspace import Workspace
from tests.dataset_files import dataset_content, dataset_workspace

STEPS = 32

SMALL = Recipe(
    "small",
    latent_size=4,
    vae=VaeTraining(channels=(4, 8, 8), epochs=3, batch_size=8, learning_rate=1e-2),
    latents=LatentTraining(hidden_size=8, epochs=3, pairs=128, batch_size=8),
)


def distinct_vaes(recipes: Mapping[str, Recipe]) -> dict[str, Recipe]:
    """The recipes of the thesis without those whose VAEs are trained as those of one before, but for the batch size."""
    found: dict[Recipe, str] = {}
    for name, recipe in recipes.items():
        if recipe.family == "thesis":
            alike = replace(recipe, name="", vae=replace(recipe.vae, batch_size=1), latents=LatentTraining())
            found.setdefault(alike, name)
    return {name: recipes[name] for name in found.values()}


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


@cache  # many tests begin with the same dataset
def _content(songs: int, segments: int, silent: tuple[str, ...], steps_per_beat: int) -> bytes:
    made = [repeating_song(seed, segments + seed % 2, silent).regrid(steps_per_beat) for seed in range(songs)]
    return dataset_content(made, steps_per_beat, STEPS * steps_per_beat // 2)


def thesis_dataset_workspace(root: Path, songs: int = 12, segments: int = 4, silent: tuple[str, ...] = ()) -> Workspace:
    """A workspace in which preprocessing is done."""
    return dataset_workspace(root, _content(songs, segments, silent, 2))
