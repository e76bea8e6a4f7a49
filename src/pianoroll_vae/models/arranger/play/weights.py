"""The arranger's weights as the kernels take them: matrices as 8-bit integers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.parameters import BAR_PERIODS, NOTE_PERIODS, POINTER_WIDTH, Periods
from pianoroll_vae.models.arranger.play import kernels, transformer
from pianoroll_vae.models.arranger.play.decode_batch import DecoderWeights, NoteEmbeddings, NoteHeads
from pianoroll_vae.models.arranger.play.kernels import NO_OUTPUTS, Array, DirectCall, Int8Weight, padded, to_int8
from pianoroll_vae.models.arranger.play.trait_model import TraitModel
from pianoroll_vae.models.arranger.play.transformer import KVCache, LayerWeights
from pianoroll_vae.models.arranger.sampling import (
    BASS_ROOT_BONUS,
    HIGHEST_OF_BASS,
    HIGHEST_PITCH,
    LOWEST_PITCH,
    OTHER_TONE_COST,
    OUT_OF_RANGE_COST,
)
from pianoroll_vae.models.arranger.tokens import NOTE
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.bars import VELOCITIES, BarNotes
from pianoroll_vae.music.chord_labels import CHORD_TONES, QUALITIES
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

Tensors = Mapping[str, Array]

_forward_tokens = DirectCall(transformer.forward_tokens)

_SONG = np.zeros(1, np.int64)
"""The row of a KV cache that holds one song."""


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
    def from_tensors(
        w: Tensors,
        prefix: str,
        layers: int,
        heads: int,
        context: int,
        periods: Periods,
        last_norm: str,
        head: Array | None = None,
    ) -> "TransformerWeights":
        """last_norm: the name of the scale of the norm after the last layer; head: (outputs, width), see
        `LayerWeights`."""

        def stack(name: str) -> Array:
            return np.stack([w[f"{prefix}{layer}.{name}"] for layer in range(layers)])

        width = len(w[f"{prefix}0.norm1.scale"])
        half = width // heads // 2
        qkv = to_int8(stack("qkv.weight"))
        qkv.scale[:, :width] *= np.float32((2 * half) ** -0.5)
        layers_weights = LayerWeights(
            1 + stack("norm1.scale"),
            qkv,
            to_int8(stack("out.weight")),
            1 + stack("norm2.scale"),
            to_int8(stack("up.weight")),
            stack("up.bias"),
            to_int8(stack("down.weight")),
            1 + w[last_norm],
            NO_OUTPUTS if head is None else to_int8(head),
        )
        slower = np.arange(half) / max(half - 1, 1)
        shortest, longest = periods
        frequencies = 2 * np.pi / (shortest * (longest / shortest) ** slower)
        return TransformerWeights(layers_weights, frequencies, heads, context)

    @property
    def width(self) -> int:
        return int(self.layers.qkv_gain.shape[1])

    @property
    def depth(self) -> int:
        return len(self.layers.out.values)

    def forward(self, kv_cache: KVCache, x: Array, position: int) -> Array:
        """The normed output (width,) for one song's next token x (width,)."""
        own, none = x[None].copy(), np.empty((1, 0), np.float32)
        _forward_tokens(self.layers, kv_cache, self.frequencies, _SONG, own, np.array([position]), none)
        normed: Array = kv_cache.buffers.normed[0].copy()
        return normed

    def empty_kv_cache(self, songs: int = 1) -> KVCache:
        head_width = self.width // self.heads
        kv_heads = (self.layers.qkv.scale.shape[1] - self.width) // (2 * head_width)
        return transformer.empty_kv_cache(songs, self.depth, self.heads, kv_heads, head_width, self.context)


class PriorHead(NamedTuple):
    """One instrument's part of a prior: the history and the new bar so far to an action and a mixture of latents."""

    content: Int8Weight
    action: Array
    history: Int8Weight
    up: Int8Weight
    up_bias: Array
    down: Int8Weight
    outputs: Int8Weight
    """One after the other: the query, the actions and the mixture."""

    output_bias: Array
    key: Int8Weight
    """Transposed: a query (POINTER_WIDTH,) to (content,)."""

    future: Int8Weight
    active: Array
    """(width, instruments)"""

    return_bar: Array
    """(RETURN_GATES, width)"""

    return_bias: Array

    @staticmethod
    def from_tensors(w: Tensors, row: int) -> "PriorHead":
        query, no_bias = (
            w["heads.query.weight"][row] * np.float32(POINTER_WIDTH**-0.5),
            np.zeros(POINTER_WIDTH, np.float32),
        )
        return PriorHead(
            content=to_int8(w["current.content.weight"][row]),
            action=w["current.action.weight"][row],
            history=to_int8(w["current.history.weight"][row]),
            up=to_int8(w["current.up.weight"][row]),
            up_bias=w["current.up.bias"][row],
            down=to_int8(w["current.down.weight"][row]),
            outputs=to_int8(np.concatenate([query, w["heads.action.weight"][row], w["heads.mixture.weight"][row]])),
            output_bias=np.concatenate([no_bias, w["heads.action.bias"][row], w["heads.mixture.bias"][row]]),
            key=to_int8(w["heads.key.weight"][row].T),
            future=to_int8(w["current.future.weight"][row]),
            active=np.ascontiguousarray(w["current.active.weight"][row]),
            return_bar=w["heads.return_bar.weight"][row],
            return_bias=w["heads.return_bar.bias"][row],
        )


class PlayWeights:
    """All weights of a band, shared by all songs that it plays. `order`: the instruments in decoding order."""

    def __init__(
        self, recipe: Recipe, vae: Tensors, melody: Tensors, conditional: Tensors, order: tuple[int, ...]
    ) -> None:
        sizes = recipe.arranger
        self.latent_size, self.content_size = recipe.latent_size, sizes.bar_width
        self.components = recipe.latents.components
        self.lead, self.followers = order[0], order[1:]
        self.vae, self.priors = vae, (melody, conditional)
        self.trait_model = TraitModel(melody)
        self.prior_heads = [
            [PriorHead.from_tensors(prior, row) for row in range(len(prior["heads.action.weight"]))]
            for prior in self.priors
        ]
        self.history_content = [to_int8(prior["history.content.weight"]) for prior in self.priors]
        self.histories = tuple(
            TransformerWeights.from_tensors(
                prior,
                "history.layers.",
                sizes.prior_layers,
                sizes.prior_heads,
                sizes.context_bars,
                BAR_PERIODS,
                "history.norm.scale",
            )
            for prior in self.priors
        )
        self.decoder = TransformerWeights.from_tensors(
            vae,
            "decoder.layers.",
            sizes.layers,
            sizes.heads,
            sizes.context_tokens,
            NOTE_PERIODS,
            "decoder.norm.scale",
            np.concatenate([vae["heads.step.weight"], vae["heads.hidden.weight"]]),
        )
        self.future = to_int8(vae["decoder.future.weight"])
        self.decoder_weights = _decoder_weights(vae, self.decoder.frequencies)

    def prior_head(self, instrument: int) -> tuple[int, PriorHead]:
        """The number of the prior of an instrument's bars, and its head."""
        network, row = (0, 0) if instrument == self.lead else (1, self.followers.index(instrument))
        return network, self.prior_heads[network][row]

    def encode(self, instrument: int, notes: BarNotes) -> tuple[Array, Array]:
        """A bar with at least one note to its content (content,) and its posterior mean (latent_size,)."""
        w, (step, pitch, length, _), size = self.vae, notes.T.astype(np.int64), self.latent_size
        x = w["encoder.step.weight"][instrument * TWELFTHS_PER_BAR + step]
        x *= w["encoder.pitch.weight"][instrument * PITCHES + pitch]
        x += w["encoder.length.weight"][length]
        bar = np.add.reduceat(x, [0]) + w["encoder.instrument.weight"][instrument]
        hidden = rms_norm(bar) @ w["encoder.up.weight"].T + w["encoder.up.bias"]
        content = rms_norm(gelu(hidden) @ w["encoder.down.weight"].T)
        mean = content @ w["encoder.latent.weight"][:size].T + w["encoder.latent.bias"][:size]
        return content[0], mean[0]


def with_strict_chords(weights: DecoderWeights, band: Band) -> DecoderWeights:
    """The weights with less for the tones outside of a chord, and more for its root in a bass; not for drums."""
    qualities = CHORD_TONES[: len(QUALITIES)]  # of C
    change = np.zeros((len(band), *qualities.shape), np.float32)
    for own, instrument in zip(change, band, strict=True):
        if not instrument.is_drum:
            own[~qualities] = -OTHER_TONE_COST
        if instrument.is_bass:
            own[:, 0] = BASS_ROOT_BONUS
    tones = weights.heads.chord_tone
    return weights._replace(heads=weights.heads._replace(chord_tone=tones + change.reshape(tones.shape)))


def with_ranges(weights: DecoderWeights, band: Band) -> DecoderWeights:
    """The weights with less for pitches that instruments do not have. One song of fourteen of LPD has a part of another
    instrument as its bass, with chords up to C6, and the networks have learned it; one song of a hundred stays at the
    top of all pitches once it is there."""
    pitch_bias = weights.heads.pitch_bias.copy()
    for own, instrument in zip(pitch_bias, band, strict=True):
        if not instrument.is_drum:
            highest = HIGHEST_OF_BASS if instrument.is_bass else HIGHEST_PITCH
            own[:LOWEST_PITCH] -= OUT_OF_RANGE_COST
            own[highest + 1 :] -= OUT_OF_RANGE_COST
    return weights._replace(heads=weights.heads._replace(pitch_bias=pitch_bias))


def _decoder_weights(w: Tensors, frequencies: NDArray[np.float64]) -> DecoderWeights:
    def contiguous(name: str) -> Array:
        return np.ascontiguousarray(w[name])

    of_instrument = w["decoder.instrument.weight"] + w["decoder.kind.weight"][NOTE]
    embeddings = NoteEmbeddings(
        velocity=w["decoder.velocity.weight"] + np.repeat(of_instrument, VELOCITIES, 0),
        step=contiguous("decoder.step.weight"),
        pitch=contiguous("decoder.pitch.weight"),
        pitch_class=contiguous("decoder.pitch_class.weight"),
        length=contiguous("decoder.length.weight"),
        chord=contiguous("decoder.chord.weight"),
        next_chord=contiguous("decoder.next_chord.weight"),
    )
    heads = NoteHeads(
        step_bias=contiguous("heads.step.bias"),
        after_step=contiguous("heads.after_step.weight"),
        after_chord=contiguous("heads.after_chord.weight"),
        after_pitch=contiguous("heads.after_pitch.weight"),
        pitch=to_int8(w["heads.pitch.weight"]),
        pitch_bias=contiguous("heads.pitch_bias.weight"),
        chord_tone=contiguous("heads.chord_tone.weight"),
        length=to_int8(w["heads.length.weight"]),
        velocity=to_int8(w["heads.velocity.weight"]),
        velocity_bias=contiguous("heads.velocity_bias.weight"),
    )
    return DecoderWeights(frequencies, embeddings, heads)


def matvec(weight: Int8Weight, x: Array) -> Array:
    """(outputs,): weight · x (inputs,)."""
    out, integers = np.empty((1, len(weight.scale)), np.float32), np.empty((1, padded(len(x))), np.int16)
    kernels.linear(*weight, x[None], integers, np.empty(1, np.float32), out)
    first: Array = out[0]
    return first


def rms_norm(x: Array, epsilon: float = float(np.finfo(np.float32).eps)) -> Array:
    """RMS norm of x (…, width), without a gain; the default epsilon is that of `torch.nn.functional.rms_norm`."""
    mean_square = np.einsum("...i,...i->...", x, x) / x.shape[-1]
    return np.asarray(x / np.sqrt(mean_square + np.float32(epsilon))[..., None], np.float32)


def gelu(x: Array) -> Array:
    """GELU of x, in place."""
    kernels.gelu(x.reshape(-1))
    return x
