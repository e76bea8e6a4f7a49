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


class TokenBuffers(NamedTuple):
    """Arrays that each token overwrites. Compiled functions make none themselves; each one that is passed takes time to
    compile, so one array serves several purposes."""

    rotation: Array
    """(2, songs, head_width / 2): cosines and sines"""

    normed: Array
    """(songs, width): also what the heads attend to, and what a layer adds"""

    hidden: Array
    """(songs, 4 · width): also queries, keys and values"""

    integers: NDArray[np.int16]
    """(songs, 4 · width or size or head_width, the largest one, padded)"""

    scale: Array
    """(songs,)"""

    ones: Array
    """(head_width,)"""

    line: Array
    """(LANES or size, the larger one)"""

    scores: Array
    """(1, size)"""

    attended: Array
    """(1, head_width)"""


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

    buffers: TokenBuffers


def empty_kv_cache(songs: int, layers: int, heads: int, head_width: int, tokens: int) -> KVCache:
    rows, width = (songs, layers, heads), heads * head_width
    buffers = TokenBuffers(
        rotation=np.zeros((2, songs, head_width // 2), np.float32),
        normed=np.zeros((songs, width), np.float32),
        hidden=np.zeros((songs, 4 * width), np.float32),
        integers=np.zeros((songs, padded(max(4 * width, tokens))), np.int16),
        scale=np.zeros(songs, np.float32),
        ones=np.ones(head_width, np.float32),
        line=np.zeros(max(LANES, tokens), np.float32),
        scores=np.zeros((1, tokens), np.float32),
        attended=np.zeros((1, head_width), np.float32),
    )
    return KVCache(
        zeros((*rows, tokens, padded(head_width))),
        np.zeros((*rows, tokens), np.float32),
        zeros((*rows, head_width, padded(tokens))),
        np.zeros((*rows, tokens), np.float32),
        np.zeros(songs, np.int64),
        buffers,
    )


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
    buffers: TokenBuffers,
) -> None:
    """Add a token's key and value to a song's cache of a layer, keys and values without their first two axes, and
    write what its heads attend to, out (width,). qkv: (3 · width or more,), queries, keys and values of all heads."""
    _, _, _, integers, scale, ones, x, scores, attended = buffers
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
        matmul(keys, key_scale[head], integers[:1, :inputs], scale, scores[:, :filled])
        factor = softmax_numerators(scores[0, :filled])
        for i in range(filled):
            x[i] = scores[0, i] * value_scale[head, i]
        inputs = (filled + STEP - 1) // STEP * STEP
        scale[0] = factor * quantize_inputs(x[:filled], integers[0, :inputs])
        matmul(values, ones, integers[:1, :inputs], scale, attended[:, :head_width])
        for i in range(head_width):
            out[begin + i] = attended[0, i]


@njit_inner
def _add(x: Array, y: Array) -> None:
    """x (tokens, width) += the first of y (tokens or more, width or more); the operator takes longer to compile."""
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
    keys, key_scale, values, value_scale, token_count, buffers = kv_cache
    rotation, normed, hidden, integers, scale, _, lanes, _, _ = buffers
    cosine, sine, normed = rotation[0], rotation[1], normed[:tokens]
    depth, head_width = keys.shape[1], values.shape[3]
    for token in range(tokens):
        for i in range(head_width // 2):
            angle = position[token] * frequencies[i]
            cosine[token, i], sine[token, i] = math.cos(angle), math.sin(angle)
    for layer in range(depth):
        for token in range(tokens):
            normalize(x[token], qkv_gain[layer], lanes, normed[token])
        linear(qkv_of.values[layer], qkv_of.scale[layer], normed, integers, scale, hidden)
        for token in range(tokens):
            qkv, song = hidden[token], songs[token]
            for begin in range(0, 2 * width, head_width):
                _rotate(qkv[begin : begin + head_width], cosine[token], sine[token])
            of_song = keys[song, layer], key_scale[song, layer], values[song, layer], value_scale[song, layer]
            _attend(*of_song, token_count[song], qkv, normed[token], buffers)
        linear(out_of.values[layer], out_of.scale[layer], normed, integers, scale, hidden)
        _add(x, hidden)
        for token in range(tokens):
            normalize(x[token], up_gain[layer], lanes, normed[token])
        linear(up_of.values[layer], up_of.scale[layer], normed, integers, scale, hidden)
        for token in range(tokens):
            own = hidden[token]
            for i in range(4 * width):
                own[i] += up_bias_of[layer, i]
            gelu(own)
        linear(down_of.values[layer], down_of.scale[layer], hidden[:tokens], integers, scale, normed)
        _add(x, normed)
    for token in range(tokens):
        token_count[songs[token]] += 1
