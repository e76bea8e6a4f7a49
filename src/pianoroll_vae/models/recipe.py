"""Recipes: everything that fixes a model, as data. No PyTorch and no files."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from math import prod
from typing import Any, Literal

from pianoroll_vae.errors import SettingInvalid, suggest
from pianoroll_vae.music.grid import MAX_SEGMENT_STEPS, Grid
from pianoroll_vae.music.notes import PITCHES, Rounding
from pianoroll_vae.schema import MAX_COUNT, SchemaError, bounded, build

FamilyName = Literal["thesis", "arranger"]

UNUSED_FIELDS: Mapping[FamilyName, frozenset[str]] = {
    "thesis": frozenset({"arranger", "bar_vae", "vae.note_corruption"}),
    "arranger": frozenset(
        {"threshold", "one_key"}
        | {f"vae.{name}" for name in ("channels", "kernels", "warm_up_epochs", "sparsity", "mask_ratio")}
        | {f"latents.{name}" for name in ("network", "memory", "hidden_size", "dropout", "learning_rate_decay")}
    ),
}
"""Fields and tables of a recipe that its family does not read."""

MAX_SIZE = 1 << 16
"""Of a layer."""

MAX_SAMPLES = 1 << 20
"""In a batch."""

LATENT_HEADS = 4
"""Of attention over latents."""

MAX_GENRES = 24
"""That a model can be conditioned on."""


@dataclass(frozen=True)
class VaeTraining:
    """The VAEs: convolutions (stride = kernel, finest first), loss and schedule. One VAE an instrument in the family
    thesis; one for the whole band, without convolutions, in the family arranger."""

    channels: tuple[int, ...] = bounded((64, 128, 256), 1, MAX_SIZE)
    kernels: tuple[tuple[int, int], ...] = bounded(((4, 4), (4, 4), (2, 8)), 1, MAX_SEGMENT_STEPS)
    epochs: int = bounded(25, 1, MAX_COUNT)
    batch_size: int = bounded(32, 1, MAX_SAMPLES)
    learning_rate: float = bounded(1e-3, 0, 1)
    weight_decay: float = bounded(1e-6, 0, 1)
    beta: float = bounded(1.0, 0, MAX_COUNT)
    """Weight of the KL divergence; 0 makes a plain autoencoder, whose latents are its means."""

    warm_up_epochs: int = bounded(0, 0, MAX_COUNT)
    """Epochs over which `beta` grows linearly to its value."""

    free_bits: float = bounded(0.0, 0, MAX_COUNT)
    """KL divergence costs nothing up to this mean over a batch, in nats a roll or bar."""

    sparsity: float = bounded(0.0, 0, MAX_COUNT)
    """Weight of the L1 norm of the latents, in nats."""

    mask_ratio: float = bounded(0.0, 0, 1)
    """Share of the cells that are masked from the encoder while training."""

    transposition: int = bounded(0, 0, PITCHES)
    """Pitched instruments are transposed by up to this many semitones, drawn anew in every epoch."""

    note_corruption: float = bounded(0.0, 0, 1)
    """Share of the pitched notes that are corrupted in the decoder's input while training, so that it learns to
    continue after its own mistakes."""


@dataclass(frozen=True)
class LatentTraining:
    """The networks that predict one segment's (or bar's) latents from those before."""

    network: Literal["mlp", "lstm", "transformer"] = "mlp"
    """mlp: from the last segment alone; lstm, transformer: from the last `memory` segments."""

    memory: int = bounded(1, 1, 1024)
    components: int = bounded(0, 0, 256)
    """Gaussians of the mixture that an lstm or transformer predicts; 0: a point."""

    hidden_size: int = bounded(128, 1, MAX_SIZE)
    dropout: float = bounded(0.2, 0, 1)
    epochs: int = bounded(50, 1, MAX_COUNT)
    pairs: int = bounded(256_000, 1, MAX_COUNT)
    batch_size: int = bounded(32, 1, MAX_SAMPLES)
    learning_rate: float = bounded(1e-3, 0, 1)
    learning_rate_decay: float = bounded(0.95, 0, 1)


MIN_WIDTH = 8
"""Of the networks that play without PyTorch: their weights lie in blocks of so many outputs."""


@dataclass(frozen=True)
class ArrangerSizes:
    """Sizes of the transformers that write bars note by note."""

    width: int = bounded(256, MIN_WIDTH, MAX_SIZE)
    heads: int = bounded(4, 1, MAX_SIZE)
    kv_heads: int = bounded(1, 1, MAX_SIZE)
    """Heads of the decoder's keys and values: so many heads of queries share each of them."""

    layers: int = bounded(3, 1, 64)
    bar_width: int = bounded(128, MIN_WIDTH, MAX_SIZE)
    """Of a bar's embedding, from which its latent is made."""

    context_tokens: int = bounded(512, 64, 4096)
    """Tokens (notes and bar headings) that the decoder attends to; 64 are about one bar of five instruments."""

    epoch_windows: int = bounded(1024, 1, MAX_COUNT)
    """Training windows in an epoch, at most."""

    context_bars: int = bounded(64, 4, 1024)
    """Bars that the prior attends to: a phrase or more."""

    prior_width: int = bounded(192, MIN_WIDTH, MAX_SIZE)
    prior_heads: int = bounded(4, 1, MAX_SIZE)
    prior_layers: int = bounded(3, 1, 64)
    chart_width: int = bounded(128, MIN_WIDTH, MAX_SIZE)
    """Of the chart writer."""

    chart_heads: int = bounded(4, 1, MAX_SIZE)
    chart_layers: int = bounded(3, 1, 64)

    def __post_init__(self) -> None:
        """Raise ValueError for sizes that no network can have."""
        for name in ("", "prior_", "chart_"):
            width, heads = getattr(self, f"{name}width"), getattr(self, f"{name}heads")
            if width % (2 * heads):
                raise ValueError(
                    f"{name}width {width} is no multiple of {2 * heads}, which is twice {name}heads: impossible sizes"
                )
        if self.heads % self.kv_heads:
            raise ValueError(f"heads {self.heads} is no multiple of kv_heads {self.kv_heads}: impossible sizes")


@dataclass(frozen=True)
class BarVaeSizes:
    """The bar VAE, whose latents are the music of one bar of one instrument; the family arranger only."""

    latent_size: int = bounded(96, 1, 4096)
    width: int = bounded(384, 1, MAX_SIZE)
    step_features: int = bounded(24, 1, MAX_SIZE)
    """Of each step's notes in the encoder's input."""

    pitch_features: int = bounded(8, 1, MAX_SIZE)
    """Of each pitch's notes in the encoder's input."""

    rank: int = bounded(16, 1, MAX_SIZE)
    """Of the matrix (steps, pitches) of onset logits."""

    note_features: int = bounded(5, 1, MAX_SIZE)
    """Beside the rank: of each step and each pitch, for lengths and velocities."""

    note_width: int = bounded(64, 1, MAX_SIZE)
    """Hidden units of the head of lengths and velocities."""

    capacity: float = bounded(120.0, 0, MAX_COUNT)
    """KL divergence costs nothing up to this mean over a batch, in nats a bar."""

    in_another_key: float = bounded(0.3, 0, 1)
    """Share of the bars that are transposed at random while training; the others are in C major or A minor."""

    epochs: int = bounded(4, 1, MAX_COUNT)
    bars: int = bounded(131_072, 1, MAX_COUNT)
    """In an epoch, at most."""

    batch_size: int = bounded(256, 1, MAX_SAMPLES)
    learning_rate: float = bounded(2e-3, 0, 1)


@dataclass(frozen=True)
class Recipe:
    """Everything that fixes a model. `families.py` has what each family makes of it."""

    name: str
    family: FamilyName = "thesis"
    grid: Grid = field(default_factory=Grid)
    latent_size: int = bounded(16, 1, 4096)
    threshold: float = bounded(0.3, 0, 1)
    """Decoded cells at or above it sound."""

    vae: VaeTraining = field(default_factory=VaeTraining)
    latents: LatentTraining = field(default_factory=LatentTraining)
    one_key: bool = False
    """Songs are transposed to C major or A minor before training."""

    arranger: ArrangerSizes = field(default_factory=ArrangerSizes)
    """Used by the family arranger only."""

    bar_vae: BarVaeSizes = field(default_factory=BarVaeSizes)
    genres: tuple[str, ...] = ()
    """Genres on which the networks are conditioned, from the training songs; the family arranger only."""

    default_genres: tuple[str, ...] = ()
    """Of new songs where none is asked for; some of `genres`."""

    def __post_init__(self) -> None:
        """Raise ValueError for parts that do not belong together."""
        if len(self.genres) > MAX_GENRES:
            raise ValueError(f"a model cannot have more than {MAX_GENRES} genres")
        if not set(self.default_genres) <= set(self.genres):
            raise ValueError("its default genres are not among its genres")
        if self.grid.segment_steps > MAX_SEGMENT_STEPS:
            raise ValueError(f"a segment cannot have more than {MAX_SEGMENT_STEPS} steps")
        if self.family != "thesis":
            return
        steps, pitches = (prod(sizes) for sizes in zip(*self.vae.kernels, strict=True))
        if len(self.vae.channels) != len(self.vae.kernels) or (steps, pitches) != (self.grid.segment_steps, PITCHES):
            raise ValueError(f"the kernels of the VAE do not make one latent of {self.grid.segment_steps} steps")
        if self.latents.network == "transformer" and self.latents.hidden_size % LATENT_HEADS:
            raise ValueError(f"the width of a transformer must be a multiple of {LATENT_HEADS}")

    def on_grid(
        self, steps_per_beat: int, segment_steps: int, velocities: bool, rounding: Rounding = "touched"
    ) -> "Recipe":
        """This recipe for a dataset of another grid: the coarsest kernel spans what is left of a segment's steps."""
        own = self.grid
        if (steps_per_beat, segment_steps, velocities) == (own.steps_per_beat, own.segment_steps, own.velocities):
            return self if rounding == own.rounding else replace(self, grid=replace(own, rounding=rounding))
        finer = prod(steps for steps, _ in self.vae.kernels[:-1])
        if segment_steps % finer or segment_steps % steps_per_beat:
            raise SettingInvalid(
                f"The recipe '{self.name}' cannot be trained on segments of {segment_steps} steps.",
                f"It needs a multiple of {finer}: vaemusic preprocess with other --steps-per-beat or --segment-beats.",
            )
        grid = replace(
            own,
            steps_per_beat=steps_per_beat,
            segment_beats=segment_steps // steps_per_beat,
            velocities=velocities,
            rounding=rounding,
        )
        kernels = (*self.vae.kernels[:-1], (segment_steps // finer, self.vae.kernels[-1][1]))
        return replace(self, grid=grid, vae=replace(self.vae, kernels=kernels))

    def training_of(self, kind: str) -> "VaeTraining | LatentTraining | BarVaeSizes":
        """The settings with which networks of a kind are trained."""
        if kind == "bar_vae":
            return self.bar_vae
        return self.vae if kind == "vae" else self.latents

    def to_json(self) -> dict[str, Any]:
        """Plain values for a checkpoint's header; `recipe_from_json` is its inverse."""
        return asdict(self)


def recipe_from_json(values: Any) -> Recipe:
    """The inverse of `Recipe.to_json`; SchemaError for values that are no recipe. Keys of other versions do not
    matter; the genres are missing from the thesis models of earlier ones."""
    if not isinstance(values, Mapping):
        raise SchemaError("recipe", values, "a table of names and values")
    known = {entry.name for entry in fields(Recipe)}
    for name in ("name", "family", "grid", "vae", "latents", "arranger"):
        if name not in values:
            raise SchemaError(f"recipe.{name}", None, "there: it is missing")
    return build(Recipe, {key: value for key, value in values.items() if key in known}, "recipe.")


def _sequence_training(network: Literal["lstm", "transformer"], components: int) -> LatentTraining:
    """Fewer, larger batches than the thesis has: each sample is a sequence."""
    return LatentTraining(network, memory=16, components=components, epochs=20, pairs=32_000, batch_size=128)


ARRANGER = Recipe(  # each bar is a rest, a repeat or new notes; every instrument attends to the others
    "arranger",
    family="arranger",
    grid=Grid(steps_per_beat=12, segment_beats=16, velocities=True, rounding="nearest"),
    latent_size=16,
    vae=VaeTraining(epochs=9, batch_size=8, learning_rate=4e-3, free_bits=6.0, transposition=6, note_corruption=0.06),
    latents=LatentTraining(
        "transformer", memory=64, components=8, epochs=8, pairs=65_536, batch_size=32, learning_rate=4e-3
    ),
)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        ARRANGER,
        # five Gaussian VAEs, one latent per 16-beat phrase and instrument, the next latent by regression
        Recipe("thesis"),
        # larger batches, half as long an epoch
        Recipe("thesis-fast", vae=VaeTraining(batch_size=128)),
        # a plain autoencoder: no noise on latents, no KL divergence
        Recipe("thesis-ae", vae=VaeTraining(beta=0.0)),
        Recipe("thesis-beta", vae=VaeTraining(beta=4.0, warm_up_epochs=5, free_bits=4.0)),
        # a denoising VAE: a fifth of the cells is masked from the encoder
        Recipe("thesis-denoising", vae=VaeTraining(mask_ratio=0.2)),
        # a plain autoencoder with an L1 penalty on its latents
        Recipe("thesis-sparse", vae=VaeTraining(beta=0.0, sparsity=1.0)),
        # pitched rolls are transposed by up to 6 semitones while training
        Recipe("thesis-transposed", vae=VaeTraining(transposition=6)),
        Recipe("thesis-lstm", latents=_sequence_training("lstm", 0)),
        # relative attention over 16 phrases, the next latent drawn from a mixture of 8 Gaussians
        Recipe("thesis-transformer", latents=_sequence_training("transformer", 8)),
        # every song transposed to C major or A minor
        Recipe("thesis-one-key", one_key=True),
    )
}


def find_recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise SettingInvalid(f"There is no recipe '{name}'.", suggest(name, RECIPES))
    return RECIPES[name]
