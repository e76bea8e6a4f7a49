"""The arranger's weights as the kernels take them: large matrices as bfloat16, constant factors multiplied in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.parameters import LONGEST_PERIOD, POINTER, SHORTEST_PERIOD
from pianoroll_vae.models.arranger.play import kernels, transformer
from pianoroll_vae.models.arranger.play.decoding import DecoderWeights
from pianoroll_vae.models.arranger.play.kernels import Array, PackedBF16, pack_bf16
from pianoroll_vae.models.arranger.play.transformer import KVCache, LayerWeights
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.bars import BarNotes
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BAR

Tensors = Mapping[str, Array]


@dataclass(frozen=True)
class TransformerWeights:
    """The layers of one transformer."""

    layers: LayerWeights
    frequencies: NDArray[np.float64]
    """(head_width / 2,): of the rotary embedding, radians for each unit of position."""

    heads: int
    context: int
    """Tokens in the KV cache."""

    @staticmethod
    def from_tensors(w: Tensors, prefix: str, layers: int, heads: int, context: int) -> "TransformerWeights":
        def stack(name: str) -> Array:
            return np.stack([w[f"{prefix}{layer}.{name}"] for layer in range(layers)])

        width = len(w[f"{prefix}0.norm1"])
        half = width // heads // 2
        qkv = stack("heads") * (1 + stack("norm1"))[:, None]
        qkv[:, :width] *= np.float32((2 * half) ** -0.5)  # the scale of attention, on the queries
        up = stack("up") * (1 + stack("norm2"))[:, None]
        packed = LayerWeights(
            pack_bf16(qkv), pack_bf16(stack("out")), pack_bf16(up), stack("up_bias"), pack_bf16(stack("down"))
        )
        slower = np.arange(half) / max(half - 1, 1)
        frequencies = 2 * np.pi / (SHORTEST_PERIOD * (LONGEST_PERIOD / SHORTEST_PERIOD) ** slower)
        return TransformerWeights(packed, frequencies, heads, context)

    @property
    def width(self) -> int:
        return int(self.layers.out.shape[2])

    @property
    def depth(self) -> int:
        return len(self.layers.out)

    def empty_kv_cache(self, songs: int = 1) -> KVCache:
        return transformer.empty_kv_cache(songs, self.depth, self.heads, self.width // self.heads, self.context)


class PriorHead(NamedTuple):
    """One instrument's part of a prior: the history and the new bar so far to an action and a mixture of latents."""

    content: PackedBF16
    action: Array
    history: PackedBF16
    up: PackedBF16
    up_bias: Array
    down: PackedBF16
    actions: PackedBF16
    action_bias: Array
    query: PackedBF16
    key: PackedBF16
    """Transposed: a query (POINTER,) to (content,)."""

    mixture: PackedBF16
    mixture_bias: Array

    @staticmethod
    def from_tensors(w: Tensors, row: int) -> "PriorHead":
        return PriorHead(
            content=pack_bf16(w["now.content"][row]),
            action=w["now.deed"][row],
            history=pack_bf16(w["now.in"][row]),
            up=pack_bf16(w["now.inner"][row]),
            up_bias=w["now.inner_bias"][row],
            down=pack_bf16(w["now.out"][row]),
            actions=pack_bf16(w["say.deed"][row]),
            action_bias=w["say.deed_bias"][row],
            query=pack_bf16(w["say.looks_for"][row] * np.float32(POINTER**-0.5)),
            key=pack_bf16(w["say.found"][row].T),
            mixture=pack_bf16(w["say.mixture"][row]),
            mixture_bias=w["say.mixture_bias"][row],
        )


class PlayWeights:
    """All weights of a band, shared by all songs that it plays. `order`: the instruments in decoding order."""

    def __init__(
        self, recipe: Recipe, vae: Tensors, melody: Tensors, conditional: Tensors, order: tuple[int, ...]
    ) -> None:
        sizes = recipe.arranger
        self.latent_size, self.components = recipe.latent_size, recipe.latents.components
        self.lead, self.followers = order[0], order[1:]
        self.vae, self.priors = vae, (melody, conditional)
        self.prior_heads = [
            [PriorHead.from_tensors(prior, row) for row in range(len(prior["say.deed"]))] for prior in self.priors
        ]
        self.history_content = [pack_bf16(prior["past.content"]) for prior in self.priors]
        self.histories = tuple(
            TransformerWeights.from_tensors(prior, "past.", sizes.prior_layers, sizes.prior_heads, sizes.context_bars)
            for prior in self.priors
        )
        self.decoder = TransformerWeights.from_tensors(vae, "write.", sizes.layers, sizes.heads, sizes.context_tokens)
        self.decoder_weights = _decoder_weights(vae, self.decoder.frequencies)

    def encode(
        self, notes: BarNotes, note_counts: NDArray[np.int64], instrument: NDArray[np.int64]
    ) -> tuple[Array, Array]:
        """Bars with at least one note each to their content (bars, content) and posterior means (bars, latent_size).

        notes: (notes, NOTE_COLUMNS), those of all bars; note_counts, instrument: (bars,).
        """
        w, (step, pitch, length, _) = self.vae, notes.T.astype(np.int64)
        note_instrument = np.repeat(instrument, note_counts)
        x = (
            w["hear.place"][note_instrument * SIXTEENTHS_PER_BAR + step]
            * w["hear.pitch"][note_instrument * PITCHES + pitch]
        )
        x += w["hear.length"][length]
        bars = np.add.reduceat(x, np.cumsum(note_counts) - note_counts) + w["hear.who"][instrument]
        hidden = rms_norm(bars) @ w["hear.in"].T + w["hear.in_bias"]
        content = rms_norm(gelu(hidden) @ w["hear.out"].T)
        size = self.latent_size
        return content, content @ w["hear.latent"][:size].T + w["hear.latent_bias"][:size]


def _decoder_weights(w: Tensors, frequencies: NDArray[np.float64]) -> DecoderWeights:
    def contiguous(name: str) -> Array:
        return np.ascontiguousarray(w[name])

    return DecoderWeights(
        frequencies,
        instrument=contiguous("write.who"),
        kind=contiguous("write.says"),
        step=contiguous("write.place"),
        pitch=contiguous("write.pitch"),
        pitch_class=contiguous("write.class"),
        length=contiguous("write.length"),
        outputs=pack_bf16(np.concatenate([w["next.place"], w["next.hidden"]]) * (1 + w["write.norm"])),
        step_bias=contiguous("next.place_bias"),
        after_step=contiguous("next.at"),
        after_pitch=contiguous("next.of"),
        pitch_head=pack_bf16(w["next.pitch"]),
        pitch_bias=contiguous("next.pitch_bias"),
        length_head=pack_bf16(w["next.length"]),
        velocity_head=pack_bf16(w["next.velocity"]),
        velocity_bias=contiguous("next.velocity_bias"),
    )


def matvec(weight: PackedBF16, x: Array) -> Array:
    """(outputs,): weight (inputs / 2, outputs) · x (inputs,)."""
    out = np.empty(weight.shape[1], np.float32)
    kernels.matvec(weight, x, out)
    return out


def rms_norm(x: Array, epsilon: float = float(np.finfo(np.float32).eps)) -> Array:
    """RMS norm of x (…, width), without a gain; the default epsilon is that of `torch.nn.functional.rms_norm`."""
    return np.asarray(x / np.sqrt(np.square(x).mean(-1, keepdims=True) + np.float32(epsilon)), np.float32)


def gelu(x: Array) -> Array:
    """GELU of x, in place."""
    kernels.gelu(x.reshape(-1))
    return x
