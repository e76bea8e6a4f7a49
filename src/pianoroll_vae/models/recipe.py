"""A recipe: everything that fixes a model, as data. Must never know PyTorch, files, or what a dataset holds."""

from dataclasses import asdict, dataclass, field, fields, replace
from math import prod
from typing import Any, Literal

from pianoroll_vae.errors import SettingInvalid, nearest

PITCHES = 128


@dataclass(frozen=True)
class Grid:
    """How songs are cut into segments before anything learns from them."""

    steps_per_beat: int = 2
    segment_beats: int = 16
    velocities: bool = True
    absent: Literal["silence", "drop"] = "silence"

    @property
    def segment_steps(self) -> int:
        return self.steps_per_beat * self.segment_beats

    @property
    def cell_scale(self) -> float:
        """What a sounding cell of the dataset is multiplied with to become the networks' input in 0..1."""
        return 1 / 127 if self.velocities else 1.0


@dataclass(frozen=True)
class VaeTraining:
    """One VAE an instrument: its convolutions (stride = kernel, finest first), its likelihood's terms, its schedule."""

    channels: tuple[int, ...] = (64, 128, 256)
    kernels: tuple[tuple[int, int], ...] = ((4, 4), (4, 4), (2, 8))
    epochs: int = 25
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-6
    beta: float = 1.0


@dataclass(frozen=True)
class LatentTraining:
    """The networks that move from one segment's latents to the next one's."""

    hidden: int = 128
    dropout: float = 0.2
    epochs: int = 50
    pairs: int = 256_000
    batch_size: int = 32
    learning_rate: float = 1e-3
    learning_rate_decay: float = 0.95


@dataclass(frozen=True)
class Recipe:
    """`threshold`: decoded cells at or above it sound."""

    name: str
    grid: Grid = field(default_factory=Grid)
    latent_size: int = 16
    threshold: float = 0.3
    vae: VaeTraining = field(default_factory=VaeTraining)
    latents: LatentTraining = field(default_factory=LatentTraining)
    says: str = ""

    def on_grid(self, steps_per_beat: int, segment_steps: int, velocities: bool) -> "Recipe":
        """The recipe for a dataset of another grid: the coarsest kernel stretches over a segment's steps."""
        if (steps_per_beat, segment_steps, velocities) == (
            self.grid.steps_per_beat,
            self.grid.segment_steps,
            self.grid.velocities,
        ):
            return self
        finer = prod(steps for steps, _ in self.vae.kernels[:-1])
        if segment_steps % finer or segment_steps % steps_per_beat:
            raise SettingInvalid(
                f"The recipe '{self.name}' cannot learn from segments of {segment_steps} steps.",
                f"It needs a multiple of {finer}: vaemusic preprocess with other --steps-per-beat or --segment-beats.",
            )
        grid = replace(
            self.grid,
            steps_per_beat=steps_per_beat,
            segment_beats=segment_steps // steps_per_beat,
            velocities=velocities,
        )
        kernels = (*self.vae.kernels[:-1], (segment_steps // finer, self.vae.kernels[-1][1]))
        return replace(self, grid=grid, vae=replace(self.vae, kernels=kernels))

    def to_json(self) -> dict[str, Any]:
        """Plain values for a checkpoint's header; `recipe_from_json` is its inverse."""
        return asdict(self)


def recipe_from_json(values: dict[str, Any]) -> Recipe:
    """The recipe a header describes; raises KeyError, TypeError or ValueError where it is not one of this version."""
    vae = dict(values["vae"])
    vae["channels"] = tuple(int(channels) for channels in vae["channels"])
    vae["kernels"] = tuple((int(steps), int(pitches)) for steps, pitches in vae["kernels"])
    rest = {name: values[name] for name in (f.name for f in fields(Recipe)) if name not in ("grid", "vae", "latents")}
    return Recipe(
        grid=Grid(**values["grid"]), vae=VaeTraining(**vae), latents=LatentTraining(**values["latents"]), **rest
    )


RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (Recipe("thesis", says="five Gaussian VAEs, one latent a 16-beat phrase, a regressed next latent"),)
}


def find_recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise SettingInvalid(f"There is no recipe '{name}'.", nearest(name, RECIPES))
    return RECIPES[name]
