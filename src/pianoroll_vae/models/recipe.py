"""A recipe: everything that fixes a model, as data. Must never know PyTorch, files, or what a dataset holds."""

from dataclasses import asdict, dataclass, field, fields, replace
from math import prod
from typing import Any, Literal

from pianoroll_vae.errors import SettingInvalid, suggest
from pianoroll_vae.music.notes import Rounding

PITCHES = 128
LARGEST = 1 << 16
"""Of a chart's sizes."""


@dataclass(frozen=True)
class Grid:
    """How songs are cut into segments before anything learns from them."""

    steps_per_beat: int = 2
    segment_beats: int = 16
    velocities: bool = True
    absent: Literal["silence", "drop"] = "silence"
    rounding: Rounding = "touched"
    """How notes of a finer grid come onto this one, see `Notes.regrid`."""

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
    """Weight of the divergence; 0 makes a plain autoencoder, whose latents are its means."""

    warm_up_epochs: int = 0
    """So many epochs `beta` grows before it is what it is."""

    free_bits: float = 0.0
    """Nats a roll that a batch may spend on latents before they cost anything."""

    sparsity: float = 0.0
    """Nats for each unit of a latent's magnitude."""

    silenced: float = 0.0
    """Share of the cells that are hidden from the encoder while it learns."""

    transposition: int = 0
    """Pitched rolls are moved by up to so many semitones, drawn anew in every epoch."""

    misread: float = 0.0
    """Share of the pitched notes that who writes note by note reads wrongly while learning what comes next: it will
    have to go on from its own mistakes."""


@dataclass(frozen=True)
class LatentTraining:
    """The networks that move from one segment's latents to the next one's."""

    kind: Literal["mlp", "lstm", "transformer"] = "mlp"
    """What moves in latent space: from the last segment alone, or with a memory of `memory` segments."""

    memory: int = 1
    components: int = 0
    """Of the mixture of Gaussians that a network with a memory says; 0: one point."""

    hidden: int = 128
    dropout: float = 0.2
    epochs: int = 50
    pairs: int = 256_000
    batch_size: int = 32
    learning_rate: float = 1e-3
    learning_rate_decay: float = 0.95


@dataclass(frozen=True)
class ArrangerSizes:
    """Networks that write bars note by note: their sizes, and how much of a song they see at once."""

    width: int = 256
    heads: int = 4
    layers: int = 4
    content: int = 128
    """What is heard of a bar, in numbers, before a latent is made of it."""

    tokens: int = 512
    """Notes and headings that a decoder looks back on."""

    stretches: int = 1024
    """Of so many tokens each, at most, in an epoch; few songs are heard once."""

    bars: int = 64
    """That the latent networks look back on."""

    plan_width: int = 192
    plan_heads: int = 4
    plan_layers: int = 3

    def __post_init__(self) -> None:
        """Refuse, by ValueError, what no network can have: a chart may come from anybody's file."""
        whole = all(isinstance(value, int) and 0 < value <= LARGEST for value in vars(self).values())
        if not whole or self.width % (2 * self.heads) or self.plan_width % (2 * self.plan_heads):
            raise ValueError("a chart of impossible sizes")


@dataclass(frozen=True)
class Recipe:
    """`threshold`: decoded cells at or above it sound."""

    name: str
    grid: Grid = field(default_factory=Grid)
    latent_size: int = 16
    threshold: float = 0.3
    vae: VaeTraining = field(default_factory=VaeTraining)
    latents: LatentTraining = field(default_factory=LatentTraining)
    one_key: bool = False
    """Songs are moved to C major or A minor before anything learns."""

    arranger: ArrangerSizes | None = None
    """None: feed-forward VAEs that hear and write whole rolls."""

    says: str = ""

    def on_grid(
        self, steps_per_beat: int, segment_steps: int, velocities: bool, rounding: Rounding = "touched"
    ) -> "Recipe":
        """The recipe for a dataset of another grid: the coarsest kernel stretches over a segment's steps."""
        own = self.grid
        if (steps_per_beat, segment_steps, velocities) == (own.steps_per_beat, own.segment_steps, own.velocities):
            return self if rounding == own.rounding else replace(self, grid=replace(own, rounding=rounding))
        finer = prod(steps for steps, _ in self.vae.kernels[:-1])
        if segment_steps % finer or segment_steps % steps_per_beat:
            raise SettingInvalid(
                f"The recipe '{self.name}' cannot learn from segments of {segment_steps} steps.",
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


_PARTS = ("grid", "vae", "latents")


def recipe_from_json(values: dict[str, Any]) -> Recipe:
    """The recipe a header describes; raises KeyError, TypeError or ValueError where it is not one of this version."""
    vae = dict(values["vae"])
    vae["channels"] = tuple(int(channels) for channels in vae["channels"])
    vae["kernels"] = tuple((int(steps), int(pitches)) for steps, pitches in vae["kernels"])
    rest = {f.name: values[f.name] for f in fields(Recipe) if f.name in values and f.name not in _PARTS}
    if rest.get("arranger") is not None:
        rest["arranger"] = ArrangerSizes(**rest["arranger"])
    return Recipe(
        grid=Grid(**values["grid"]), vae=VaeTraining(**vae), latents=LatentTraining(**values["latents"]), **rest
    )


def _variant(name: str, says: str, **vae: Any) -> Recipe:
    """The thesis with other terms in its VAEs' loss."""
    return Recipe(name, vae=VaeTraining(**vae), says=says)


def _remembering(kind: Literal["lstm", "transformer"], components: int) -> LatentTraining:
    """Fewer, larger steps than the thesis takes: each costs more."""
    return LatentTraining(kind, memory=16, components=components, epochs=20, pairs=32_000, batch_size=128)


ARRANGER = Recipe(
    "arranger",
    grid=Grid(steps_per_beat=4, segment_beats=16, velocities=True, rounding="nearest"),
    latent_size=16,
    vae=VaeTraining(epochs=16, batch_size=8, learning_rate=1e-3, free_bits=6.0, transposition=6, misread=0.06),
    latents=LatentTraining("transformer", memory=64, components=8, epochs=12, pairs=65_536, batch_size=32),
    arranger=ArrangerSizes(),
    says="bars that rest, come back or are written note by note, every instrument hearing the others",
)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        ARRANGER,
        Recipe("thesis", says="five Gaussian VAEs, one latent a 16-beat phrase, a regressed next latent"),
        _variant(
            "thesis-fast",
            "batches of 128: half as long a pass",
            batch_size=128,
        ),
        _variant("thesis-ae", "a plain autoencoder: no noise on latents, no divergence", beta=0.0),
        _variant("thesis-beta", "beta 4, 5 epochs of warm-up, 4 free nats", beta=4.0, warm_up_epochs=5, free_bits=4.0),
        _variant("thesis-denoising", "a fifth of the cells hidden from the encoder", silenced=0.2),
        _variant("thesis-sparse", "a plain autoencoder whose latents pay for their magnitude", beta=0.0, sparsity=1.0),
        _variant("thesis-transposed", "pitched rolls moved by up to 6 semitones while learning", transposition=6),
        Recipe("thesis-lstm", latents=_remembering("lstm", 0), says="latent networks are LSTMs over 16 phrases"),
        Recipe(
            "thesis-transformer",
            latents=_remembering("transformer", 8),
            says="relative attention over 16 phrases, the next latent drawn from 8 Gaussians",
        ),
        Recipe("thesis-one-key", one_key=True, says="every song moved to C major or A minor"),
    )
}


def find_recipe(name: str) -> Recipe:
    if name not in RECIPES:
        raise SettingInvalid(f"There is no recipe '{name}'.", suggest(name, RECIPES))
    return RECIPES[name]
