"""The networks of a band that writes note by note, beside one song that is being written.

Computes what `networks` and `plans` do, one bar and one decision at a time, in numpy; the decoder's notes are `pages`'
matter. Knows no files, and what is chosen is not its matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.parameters import (
    ACTIONS,
    LONGEST_PERIOD,
    PHRASE_BARS,
    POINTER,
    SHORTEST_PERIOD,
    arranger_sizes,
)
from pianoroll_vae.models.arranger.play import kernels
from pianoroll_vae.models.arranger.play.decoding import DecoderWeights
from pianoroll_vae.models.arranger.play.kernels import (
    Array,
    KVCache,
    LayerWeights,
    PackedBF16,
    empty_kv_cache,
    pack_bf16,
)
from pianoroll_vae.models.arranger.tokens import NEW, REPEAT
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.bars import BAR_STEPS, BarNotes
from pianoroll_vae.music.notes import PITCHES

Weights = Mapping[str, Array]

_FIRST = np.zeros(1, np.int64)


class PriorOutput(NamedTuple):
    """Of one instrument's next bar, as `plans.PriorOutput` has it."""

    kind: Array
    back: Array
    weight: Array
    mean: Array
    log_deviation: Array


@dataclass(frozen=True)
class Attention:
    """One network's layers, ready."""

    layers: LayerWeights
    speed: NDArray[np.float64]
    heads: int
    tokens: int

    @staticmethod
    def of(w: Weights, prefix: str, layers: int, heads: int, tokens: int) -> "Attention":
        def each(name: str) -> Array:
            return np.stack([w[f"{prefix}{layer}.{name}"] for layer in range(layers)])

        width = len(w[f"{prefix}0.norm1"])
        half = width // heads // 2
        heads_of = each("heads") * (1 + each("norm1"))[:, None]
        heads_of[:, :width] *= np.float32((2 * half) ** -0.5)  # queries
        up = each("up") * (1 + each("norm2"))[:, None]
        ready = LayerWeights(
            pack_bf16(heads_of), pack_bf16(each("out")), pack_bf16(up), each("up_bias"), pack_bf16(each("down"))
        )
        slower = np.arange(half) / max(half - 1, 1)
        speed = 2 * np.pi / (SHORTEST_PERIOD * (LONGEST_PERIOD / SHORTEST_PERIOD) ** slower)
        return Attention(ready, speed, heads, tokens)

    @property
    def width(self) -> int:
        return int(self.layers.out.shape[2])

    @property
    def depth(self) -> int:
        return len(self.layers.out)

    def empty_kv_cache(self) -> KVCache:
        """Of one song."""
        return empty_kv_cache(1, self.depth, self.heads, self.width // self.heads, self.tokens)


class Planner(NamedTuple):
    """The part of a latent network that is one instrument's own: products' weights as words, the rest as it was."""

    content: PackedBF16
    action: Array
    into: PackedBF16
    inner: PackedBF16
    inner_bias: Array
    out: PackedBF16
    actions: PackedBF16
    deeds_bias: Array
    looks_for: PackedBF16
    found: PackedBF16
    mixture: PackedBF16
    mixture_bias: Array

    @staticmethod
    def of(w: Weights, row: int) -> "Planner":
        return Planner(
            pack_bf16(w["now.content"][row]),
            w["now.deed"][row],
            pack_bf16(w["now.in"][row]),
            pack_bf16(w["now.inner"][row]),
            w["now.inner_bias"][row],
            pack_bf16(w["now.out"][row]),
            pack_bf16(w["say.deed"][row]),
            w["say.deed_bias"][row],
            pack_bf16(w["say.looks_for"][row] * np.float32(POINTER**-0.5)),
            pack_bf16(w["say.found"][row].T),
            pack_bf16(w["say.mixture"][row]),
            w["say.mixture_bias"][row],
        )


class Networks:
    """A band's weights, made ready for all the songs that it writes."""

    def __init__(
        self, recipe: Recipe, vae: Weights, melody: Weights, conditional: Weights, order: tuple[int, ...]
    ) -> None:
        arranger = arranger_sizes(recipe)
        self.latent_size, self.components = recipe.latent_size, recipe.latents.components
        self.lead, self.followers = order[0], order[1:]
        self.vae, self.plans = vae, (melody, conditional)
        self.planners = [[Planner.of(plan, row) for row in range(len(plan["say.deed"]))] for plan in self.plans]
        self.past_content = [pack_bf16(plan["past.content"]) for plan in self.plans]
        self.writing = Attention.of(vae, "write.", arranger.layers, arranger.heads, arranger.tokens)
        self.looking = tuple(
            Attention.of(plan, "past.", arranger.plan_layers, arranger.plan_heads, arranger.bars) for plan in self.plans
        )
        self.writer = _writer(vae, self.writing.speed)

    def hear(self, notes: BarNotes, counts: NDArray[np.int64], instrument: NDArray[np.int64]) -> tuple[Array, Array]:
        """Bars that somebody plays in, notes (notes, NOTE_COLUMNS) of which counts (bars,) are in each, by `instrument`
        (bars,), to their content (bars, content) and their latents' means (bars, latent_size)."""
        w, (place, pitch, length, _) = self.vae, notes.T.astype(np.int64)
        state = np.repeat(instrument, counts)
        each = w["hear.place"][state * BAR_STEPS + place] * w["hear.pitch"][state * PITCHES + pitch]
        each += w["hear.length"][length]
        heard = np.add.reduceat(each, np.cumsum(counts) - counts) + w["hear.who"][instrument]
        inner = _level(heard) @ w["hear.in"].T + w["hear.in_bias"]
        content = _level(_gelu(inner) @ w["hear.out"].T)
        size = self.latent_size
        return content, content @ w["hear.latent"][:size].T + w["hear.latent_bias"][:size]


def _writer(w: Weights, speed: NDArray[np.float64]) -> DecoderWeights:
    def plain(name: str) -> Array:
        return np.ascontiguousarray(w[name])

    return DecoderWeights(
        speed,
        instrument=plain("write.who"),
        kind=plain("write.says"),
        place=plain("write.place"),
        pitch=plain("write.pitch"),
        pitch_class=plain("write.class"),
        length=plain("write.length"),
        next=pack_bf16(np.concatenate([w["next.place"], w["next.hidden"]]) * (1 + w["write.norm"])),
        place_bias=plain("next.place_bias"),
        next_at=plain("next.at"),
        next_of=plain("next.of"),
        next_pitch=pack_bf16(w["next.pitch"]),
        pitch_bias=plain("next.pitch_bias"),
        next_length=pack_bf16(w["next.length"]),
        next_velocity=pack_bf16(w["next.velocity"]),
        velocity_bias=plain("next.velocity_bias"),
    )


class SongState:
    """What the networks have made of one song's bars, and what they answer."""

    def __init__(self, networks: Networks) -> None:
        self.networks = networks
        self.looked = tuple(attention.empty_kv_cache() for attention in networks.looking)
        self.past: list[Array] = []
        """What each latent network made of the bars it has seen; empty where it has seen none."""

    def hear(self, instrument: int, notes: BarNotes) -> tuple[Array, Array]:
        """A bar's notes to its content (content,) and its latent's mean (latent_size,)."""
        content, mean = self.networks.hear(notes, np.array([len(notes)]), np.array([instrument]))
        return content[0], mean[0]

    def heading(
        self, instrument: int, kind: int, bar: int, latent: Array | None = None, content: Array | None = None
    ) -> Array:
        """The token (width,) that a bar begins with."""
        w = self.networks.vae
        x: Array = w["write.who"][instrument] + w["write.says"][kind] + w["write.phrase"][bar % PHRASE_BARS]
        if latent is not None:
            x += w["write.latent"] @ latent
        if content is not None:
            x += w["write.content"] @ content
        return x

    def look_back(self, bar: int, content: Array, action: NDArray[np.int64]) -> None:
        """A bar is complete: content (players, content), deed (players,)."""
        self.past = []
        networks = self.networks
        parts = zip(networks.plans, networks.past_content, networks.looking, self.looked, strict=True)
        for w, heard, attention, kv_cache in parts:
            x = _times(heard, content.ravel()) + w["past.deed"][_rows(action)].sum(0)
            x = np.asarray(x + w["past.phrase"][bar % PHRASE_BARS], np.float32)
            kernels.forward_tokens(attention.layers, kv_cache, attention.speed, _FIRST, x[None], np.array([bar]))
            self.past.append(_level(x, kernels.RMS_EPSILON) * (1 + w["past.norm"]))

    def decide(
        self, instrument: int, content: Array, action: NDArray[np.int64], mine: Array, there: NDArray[np.bool_]
    ) -> PriorOutput:
        """What `instrument` does next; see `plans.decide`."""
        networks = self.networks
        network, planner = (0, 0) if instrument == networks.lead else (1, networks.followers.index(instrument))
        w = networks.planners[network][planner]
        x = _times(w.into, self.past[network]) + _times(w.content, content.ravel()) + w.action[_rows(action)].sum(0)
        x = _level(x + _times(w.out, _gelu(_times(w.inner, x) + w.inner_bias)))
        actions = _times(w.actions, x) + w.deeds_bias
        alike = mine @ _times(w.found, _times(w.looks_for, x))
        back = np.where(there, actions[3:] + alike, -np.inf)
        kind = actions[:3]
        if not there.any():
            kind[REPEAT:NEW] = -np.inf
        told, mixed = _times(w.mixture, x) + w.mixture_bias, networks.components
        mean, log_deviation = told[mixed:].reshape(2, mixed, networks.latent_size)
        return PriorOutput(kind, back, told[:mixed], mean, log_deviation.clip(-5, 2))


def _rows(action: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the deeds (players,) stand in an embedding of all players' deeds."""
    return action + ACTIONS * np.arange(len(action))


def _times(weight: PackedBF16, x: Array) -> Array:
    """(outputs,): of weights (inputs / 2, outputs) and x (inputs,)."""
    found = np.empty(weight.shape[1], np.float32)
    kernels.matvec(weight, x, found)
    return found


def _level(x: Array, min_p: float = float(np.finfo(np.float32).eps)) -> Array:
    """Root-mean-square normalisation of x (…, width)."""
    return np.asarray(x / np.sqrt(np.square(x).mean(-1, keepdims=True) + np.float32(min_p)), np.float32)


def _gelu(x: Array) -> Array:
    """GELU of x, which is changed."""
    kernels.gelu(x.reshape(-1))
    return x
