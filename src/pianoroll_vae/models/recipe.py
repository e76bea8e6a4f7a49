"""Recipes: everything that fixes a model, as data. No PyTorch and no files."""

from dataclasses import asdict, dataclass, field, fields, replace
from math import prod
from typing import Any, Literal, get_args

from pianoroll_vae.errors import SettingInvalid, suggest
from pianoroll_vae.music.grid import Grid
from pianoroll_vae.music.notes import Rounding

FamilyName = Literal["thesis", "arranger"]

MAX_SIZE = 1 << 16
"""Of each size in `ArrangerSizes`."""


@dataclass(frozen=True)
class VaeTraining:
    """The VAEs: convolutions (stride = kernel, finest first), loss and schedule. One VAE an instrument in the family
    thesis; one for the whole band, without convolutions, in the family arranger."""

    channels: tuple[int, ...] = (64, 128, 256)
    kernels: tuple[tuple[int, int], ...] = ((4, 4), (4, 4), (2, 8))
    epochs: int = 25
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-6
    beta: float = 1.0
    """Weight of the KL divergence; 0 makes a plain autoencoder, whose latents are its means."""

    warm_up_epochs: int = 0
    """Epochs over which `beta` grows linearly to its value."""

    free_bits: float = 0.0
    """KL divergence costs nothing up to this mean over a batch, in nats a roll or bar."""

    sparsity: float = 0.0
    """Weight of the L1 norm of the latents, in nats."""

    mask_ratio: float = 0.0
    """Share of the cells that are masked from the encoder while training."""

    transposition: int = 0
    """Pitched instruments are transposed by up to this many semitones, drawn anew in every epoch."""

    note_corruption: float = 0.0
    """Share of the pitched notes that are corrupted in the decoder's input while training, so that it learns to
    continue after its own mistakes."""


@dataclass(frozen=True)
class LatentTraining:
    """The networks that predict one segment's (or bar's) latents from those before."""

    network: Literal["mlp", "lstm", "transformer"] = "mlp"
    """mlp: from the last segment alone; lstm, transformer: from the last `memory` segments."""

    memory: int = 1
    components: int = 0
    """Gaussians of the mixture that an lstm or transformer predicts; 0: a point."""

    hidden_size: int = 128
    dropout: float = 0.2
    epochs: int = 50
    pairs: int = 256_000
    batch_size: int = 32
    learning_rate: float = 1e-3
    learning_rate_decay: float = 0.95


@dataclass(frozen=True)
class ArrangerSizes:
    """Sizes of the transformers that write bars note by note."""

    width: int = 256
    heads: int = 4
    layers: int = 4
    bar_width: int = 128
    """Of a bar's embedding, from which its latent is made."""

    context_tokens: int = 512
    """Tokens (notes and bar headings) that the decoder attends to."""

    epoch_windows: int = 1024
    """Training windows in an epoch, at most."""

    context_bars: int = 64
    """Bars that the prior attends to."""

    prior_width: int = 192
    prior_heads: int = 4
    prior_layers: int = 3
    chart_width: int = 128
    """Of the chart writer."""

    chart_heads: int = 4
    chart_layers: int = 3

    def __post_init__(self) -> None:
        """Raise ValueError for sizes that no network can have: they may come from an untrusted file."""
        in_range = all(isinstance(value, int) and 0 < value <= MAX_SIZE for value in vars(self).values())
        widths = ((self.width, self.heads), (self.prior_width, self.prior_heads), (self.chart_width, self.chart_heads))
        if not in_range or any(width % (2 * heads) for width, heads in widths):
            raise ValueError("impossible sizes of the networks")


@dataclass(frozen=True)
class Recipe:
    """Everything that fixes a model. `families.py` has what each family makes of it."""

    name: str
    family: FamilyName = "thesis"
    grid: Grid = field(default_factory=Grid)
    latent_size: int = 16
    threshold: float = 0.3
    """Decoded cells at or above it sound."""

    vae: VaeTraining = field(default_factory=VaeTraining)
    latents: LatentTraining = field(default_factory=LatentTraining)
    one_key: bool = False
    """Songs are transposed to C major or A minor before training."""

    arranger: ArrangerSizes = field(default_factory=ArrangerSizes)
    """Used by the family arranger only."""

    genres: tuple[str, ...] = ()
    """Genres that the networks know, from the training songs; the family arranger only."""

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

    def to_json(self) -> dict[str, Any]:
        """Plain values for a checkpoint's header; `recipe_from_json` is its inverse."""
        return asdict(self)


_PARTS = ("grid", "vae", "latents", "arranger", "genres")


def recipe_from_json(values: dict[str, Any]) -> Recipe:
    """The inverse of `Recipe.to_json`; raises KeyError, TypeError or ValueError for a header of another version."""
    vae = dict(values["vae"])
    vae["channels"] = tuple(int(channels) for channels in vae["channels"])
    vae["kernels"] = tuple((int(steps), int(pitches)) for steps, pitches in vae["kernels"])
    if values["family"] not in get_args(FamilyName):
        raise ValueError(f"unknown recipe family {values['family']!r}")
    genres = tuple(map(str, values.get("genres", ())))  # thesis models of earlier versions have none
    return Recipe(
        genres=genres,
        grid=Grid(**values["grid"]),
        vae=VaeTraining(**vae),
        latents=LatentTraining(**values["latents"]),
        arranger=ArrangerSizes(**values["arranger"]),
        **{f.name: values[f.name] for f in fields(Recipe) if f.name in values and f.name not in _PARTS},
    )


def _sequence_training(network: Literal["lstm", "transformer"], components: int) -> LatentTraining:
    """Fewer, larger batches than the thesis has: each sample is a sequence."""
    return LatentTraining(network, memory=16, components=components, epochs=20, pairs=32_000, batch_size=128)


ARRANGER = Recipe(  # each bar is a rest, a repeat or new notes; every instrument attends to the others
    "arranger",
    family="arranger",
    grid=Grid(steps_per_beat=12, segment_beats=16, velocities=True, rounding="nearest"),
    latent_size=16,
    vae=VaeTraining(epochs=16, batch_size=8, learning_rate=1e-3, free_bits=6.0, transposition=6, note_corruption=0.06),
    latents=LatentTraining("transformer", memory=64, components=8, epochs=12, pairs=65_536, batch_size=32),
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
