"""A transformer token by token, with a KV cache; `train.layers` has the same in PyTorch, and tests compare them."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.dot_products import STEP
from pianoroll_vae.models.arranger.play.kernels import (
    CACHE_LIMIT,
    LANES,
    Array,
    Int8Weight,
    gelu,
    linear,
    matmul,
    njit,
    njit_inner,
    njit_inner_with,
    padded,
    quantize,
    quantize_inputs,
    rms_scale,
    softmax_numerators,
    zeros,
)

RMS_EPSILON = 1e-5
"""As in `train.layers`."""


class LayerWeights(NamedTuple):
    """The weights of all transformer layers, (layers, outputs, inputs) each. The scale of attention is multiplied into
    the queries."""

    qkv_gain: Array
    """(layers, width), of the RMS norm"""

    qkv: Int8Weight
    out: Int8Weight
    up_gain: Array
    up: Int8Weight
    up_bias: Array
    """(layers, 4 · width)"""

    down: Int8Weight


class KVCache(NamedTuple):
    """Keys and values of each song's last tokens, as rings of `size` slots."""

    keys: NDArray[np.int8]
    """(songs, layers, heads, size, head_width), the latter two padded"""

    key_scale: Array
    """(songs, layers, heads, size)"""

    values: NDArray[np.int8]
    """(songs, layers, heads, head_width, size), padded"""

    value_scale: Array
    """(songs, layers, heads, size)"""

    token_count: NDArray[np.int64]
    """(songs,): tokens so far, also those that the ring has dropped."""


def empty_kv_cache(songs: int, layers: int, heads: int, head_width: int, tokens: int) -> KVCache:
    rows = songs, layers, heads
    return KVCache(
        zeros((*rows, tokens, padded(head_width))),
        np.zeros((*rows, tokens), np.float32),
        zeros((*rows, head_width, padded(tokens))),
        np.zeros((*rows, tokens), np.float32),
        np.zeros(songs, np.int64),
    )


class AttentionBuffers(NamedTuple):
    """Arrays that one token after the other overwrites."""

    x: Array
    """(head_width or size, the larger one)"""

    integers: NDArray[np.int16]
    """(1, head_width or size, padded)"""

    scale: Array
    """(1,)"""

    ones: Array
    """(head_width,)"""

    scores: Array
    """(1, size)"""

    attended: Array
    """(1, head_width)"""


@njit_inner_with()
def _rotate(x: Array, cosine: Array, sine: Array) -> None:
    """Rotary embedding of a query or key (head_width,), in place, by angles (head_width / 2,)."""
    half = len(cosine)
    for i in range(half):
        first, second = x[i], x[half + i]
        x[i], x[half + i] = first * cosine[i] - second * sine[i], second * cosine[i] + first * sine[i]


@njit_inner
def _attend(
    keys_of: NDArray[np.int8],
    key_scale: Array,
    values_of: NDArray[np.int8],
    value_scale: Array,
    token_count: int,
    qkv: Array,
    out: Array,
    buffers: AttentionBuffers,
) -> None:
    """Add a token's key and value to a song's cache of a layer, keys and values without their first two axes, and
    write what its heads attend to, out (width,). qkv: (3 · width,), queries, keys and values of all heads."""
    x, integers, scale, ones, scores, attended = buffers
    (heads, head_width, _), width, size = values_of.shape, len(out), key_scale.shape[1]
    slot, filled = token_count % size, min(token_count + 1, size)
    for head in range(heads):
        begin, end = head * head_width, (head + 1) * head_width
        key, value = qkv[width + begin : width + end], qkv[2 * width + begin : 2 * width + end]
        keys, values = keys_of[head], values_of[head]
        key_scale[head, slot] = quantize(key, CACHE_LIMIT, integers[0, :head_width])
        for i in range(head_width):
            keys[slot, i] = integers[0, i]
        value_scale[head, slot] = quantize(value, CACHE_LIMIT, integers[0, :head_width])
        for i in range(head_width):
            values[i, slot] = integers[0, i]
        inputs = keys.shape[1]
        scale[0] = quantize_inputs(qkv[begin:end], integers[0, :inputs])
        matmul(keys, key_scale[head], integers[:, :inputs], scale, scores[:, :filled])
        factor = softmax_numerators(scores[0, :filled])
        for i in range(filled):
            x[i] = scores[0, i] * value_scale[head, i]
        inputs = (filled + STEP - 1) // STEP * STEP
        scale[0] = factor * quantize_inputs(x[:filled], integers[0, :inputs])
        matmul(values, ones, integers[:, :inputs], scale, attended[:, :head_width])
        for i in range(head_width):
            out[begin + i] = attended[0, i]


@njit_inner
def _add(x: Array, y: Array) -> None:
    """x += y, (tokens, width) both, in place; the operator takes longer to compile."""
    for row in range(x.shape[0]):
        for i in range(x.shape[1]):
            x[row, i] += y[row, i]


@njit_inner
def normalize(x: Array, gain: Array, lanes: Array, out: Array) -> None:
    """out (width,) = the RMS norm of x (width,)."""
    scale = rms_scale(x, RMS_EPSILON, lanes)
    for i in range(len(x)):
        out[i] = x[i] * scale * gain[i]


@njit
def forward_tokens(
    layers: LayerWeights,
    kv_cache: KVCache,
    frequencies: NDArray[np.float64],
    songs: NDArray[np.int64],
    x: Array,
    position: NDArray[np.int64],
) -> None:
    """One token of each of `songs` (tokens,) through all layers: x (tokens, width), in place.

    A token attends to itself and to its song's cache, which it joins. frequencies: (head_width / 2,), of the rotary
    embedding; position: (tokens,).
    """
    tokens, width = x.shape
    qkv_gain, qkv_of, out_of, up_gain, up_of, up_bias_of, down_of = layers
    keys, key_scale, values, value_scale, token_count = kv_cache
    depth, head_width, size = keys.shape[1], values.shape[3], key_scale.shape[3]
    half = head_width // 2
    cosine, sine = np.empty((tokens, half), np.float32), np.empty((tokens, half), np.float32)
    for token in range(tokens):
        for i in range(half):
            angle = position[token] * frequencies[i]
            cosine[token, i], sine[token, i] = math.cos(angle), math.sin(angle)
    qkv, hidden = np.empty((tokens, 3 * width), np.float32), np.empty((tokens, 4 * width), np.float32)
    attended, residual = np.empty((tokens, width), np.float32), np.empty((tokens, width), np.float32)
    integers, scale = np.empty((tokens, 4 * width + STEP), np.int16), np.empty(tokens, np.float32)
    lanes, longest = np.empty(LANES, np.float32), max(size, head_width)
    buffers = AttentionBuffers(
        np.empty(longest, np.float32),
        np.empty((1, longest + STEP), np.int16),
        np.empty(1, np.float32),
        np.ones(head_width, np.float32),
        np.empty((1, size), np.float32),
        np.empty((1, head_width), np.float32),
    )
    for layer in range(depth):
        for token in range(tokens):
            normalize(x[token], qkv_gain[layer], lanes, residual[token])
        linear(qkv_of.values[layer], qkv_of.scale[layer], residual, integers, scale, qkv)
        for token in range(tokens):
            own, song = qkv[token], songs[token]
            for begin in range(0, 2 * width, head_width):
                _rotate(own[begin : begin + head_width], cosine[token], sine[token])
            of_song = keys[song, layer], key_scale[song, layer], values[song, layer], value_scale[song, layer]
            _attend(*of_song, token_count[song], own, attended[token], buffers)
        linear(out_of.values[layer], out_of.scale[layer], attended, integers, scale, residual)
        _add(x, residual)
        for token in range(tokens):
            normalize(x[token], up_gain[layer], lanes, residual[token])
        linear(up_of.values[layer], up_of.scale[layer], residual, integers, scale, hidden)
        for token in range(tokens):
            own = hidden[token]
            for i in range(4 * width):
                own[i] += up_bias_of[layer, i]
            gelu(own)
        linear(down_of.values[layer], down_of.scale[layer], hidden, integers, scale, residual)
        _add(x, residual)
    for token in range(tokens):
        token_count[songs[token]] += 1
