"""A transformer token by token, with a KV cache; `train.layers` has the same in PyTorch, and tests compare them."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.array_views import corner, first_rows, part
from pianoroll_vae.models.arranger.play.dot_products import INPUTS, OUTPUTS
from pianoroll_vae.models.arranger.play.kernels import (
    CACHE_LIMIT,
    LANES,
    Array,
    Int8Weight,
    add,
    gelu,
    linear,
    matmul,
    njit,
    njit_inline,
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
    """The weights of a transformer, (layers, outputs, inputs) unless a shape is given. The scale of attention is
    multiplied into the queries."""

    qkv_gain: Array
    """(layers, width), of the RMS norm"""

    qkv: Int8Weight
    out: Int8Weight
    up_gain: Array
    up: Int8Weight
    up_bias: Array
    """(layers, 4 · width)"""

    down: Int8Weight
    last_gain: Array
    """(width,), of the RMS norm after the last layer"""

    head: Int8Weight
    """(outputs, width), for what is predicted from each token; it may have no outputs."""


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
    """(songs or group, the larger one; 4 · width or size or head_width, the largest one, padded). A group is the heads
    that share keys and values."""

    scale: Array
    """(songs or group, the larger one)"""

    ones: Array
    """(head_width,), padded"""

    line: Array
    """(LANES or size, the larger one)"""

    scores: Array
    """(group, size, padded)"""

    attended: Array
    """(group, head_width), padded"""


class KVCache(NamedTuple):
    """Keys and values of each song's last tokens, as rings of `size` slots: a row for each song, layer and KV head.
    They lie in blocks, as `to_blocks` makes them, with the slots as the outputs of keys and as the inputs of values;
    `size` and `head_width` are padded."""

    keys: NDArray[np.int8]
    """(rows, size / OUTPUTS, head_width / INPUTS, OUTPUTS · INPUTS)"""

    key_scale: Array
    """(rows, size), padded"""

    values: NDArray[np.int8]
    """(rows, head_width / OUTPUTS, size / INPUTS, OUTPUTS · INPUTS)"""

    value_scale: Array
    """(rows, size)"""

    token_count: NDArray[np.int64]
    """(songs,): tokens so far, also those that the ring has dropped."""

    buffers: TokenBuffers


def empty_kv_cache(songs: int, layers: int, heads: int, kv_heads: int, head_width: int, tokens: int) -> KVCache:
    group = heads // kv_heads
    rows, width, side_by_side = songs * layers * kv_heads, heads * head_width, OUTPUTS * INPUTS
    slots, values = padded(tokens, OUTPUTS), padded(head_width, OUTPUTS)
    buffers = TokenBuffers(
        rotation=np.zeros((2, songs, head_width // 2), np.float32),
        normed=np.zeros((songs, width), np.float32),
        hidden=np.zeros((songs, 4 * width), np.float32),
        integers=np.zeros((max(songs, group), max(4 * width, slots)), np.int16),
        scale=np.zeros(max(songs, group), np.float32),
        ones=np.ones(values, np.float32),
        line=np.zeros(max(LANES, tokens), np.float32),
        scores=np.zeros((group, slots), np.float32),
        attended=np.zeros((group, values), np.float32),
    )
    return KVCache(
        zeros((rows, slots // OUTPUTS, head_width // INPUTS, side_by_side)),
        np.zeros((rows, slots), np.float32),
        zeros((rows, values // OUTPUTS, slots // INPUTS, side_by_side)),
        np.zeros((rows, tokens), np.float32),
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


@njit_inline
def _attend(kv_cache: KVCache, song: int, row: int, kv_heads: int, qkv: Array, out: Array) -> None:
    """Add a token's keys and values to a layer's cache of its song, and write what its heads attend to, out (width,).
    row: that of the layer's first KV head; qkv: (width + 2 · kv_heads · head_width or more,), queries, keys and values
    of all heads. The heads of a group read their keys and values together."""
    all_keys, key_scales, all_values, value_scales, token_count, buffers = kv_cache
    _, _, _, integers, scale, ones, x, scores, attended = buffers
    width, size, head_width = len(out), value_scales.shape[1], all_keys.shape[2] * INPUTS
    slot, filled = token_count[song] % size, min(token_count[song] + 1, size)
    numbers, group = part(integers[0], 0, head_width), width // head_width // kv_heads
    for head in range(kv_heads):
        key, first = part(qkv, width + head * head_width, head_width), head * group * head_width
        value = part(qkv, width + (kv_heads + head) * head_width, head_width)
        keys, key_scale, values, value_scale = all_keys[row], key_scales[row], all_values[row], value_scales[row]
        row += 1
        key_scale[slot] = quantize(key, CACHE_LIMIT, numbers)
        for i in range(head_width):
            keys[slot // OUTPUTS, i // INPUTS, slot % OUTPUTS * INPUTS + i % INPUTS] = numbers[i]
        value_scale[slot] = quantize(value, CACHE_LIMIT, numbers)
        for i in range(head_width):
            values[i // OUTPUTS, slot // INPUTS, i % OUTPUTS * INPUTS + slot % INPUTS] = numbers[i]
        for number in range(group):
            query = part(qkv, first + number * head_width, head_width)
            scale[number] = quantize_inputs(query, part(integers[number], 0, head_width))
        outputs = (filled + OUTPUTS - 1) // OUTPUTS * OUTPUTS
        matmul(keys, key_scale, corner(integers, group, head_width), scale, corner(scores, group, outputs))
        inputs = (filled + INPUTS - 1) // INPUTS * INPUTS
        for number in range(group):
            factor = softmax_numerators(part(scores[number], 0, filled))
            for i in range(filled):
                x[i] = scores[number, i] * value_scale[i]
            scale[number] = factor * quantize_inputs(part(x, 0, filled), part(integers[number], 0, inputs))
        matmul(values, ones, corner(integers, group, inputs), scale, corner(attended, group, len(ones)))
        for number in range(group):
            for i in range(head_width):
                out[first + number * head_width + i] = attended[number, i]


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
    outputs: Array,
) -> None:
    """The next token of each of `songs` (tokens,) through all layers: the buffer `normed` becomes the norm of their
    output, and the first of `outputs` (tokens or more, outputs) what the head makes of it.

    A token attends to itself and to its song's cache, which it joins. x: (all songs, width), overwritten; position:
    (all songs,); frequencies: (head_width / 2,), of the rotary embedding.
    """
    tokens, width = len(songs), x.shape[1]
    qkv_gain, qkv_of, out_of, up_gain, up_of, up_bias_of, down_of, last_gain, head = layers
    token_count, buffers = kv_cache.token_count, kv_cache.buffers
    rotation, normed, hidden, integers, scale, _, lanes, _, _ = buffers
    cosine, sine, normed = rotation[0], rotation[1], first_rows(normed, tokens)
    depth, head_width = len(qkv_gain), kv_cache.keys.shape[2] * INPUTS
    kv_heads = (qkv_of.scale.shape[1] - width) // (2 * head_width)
    for token in range(tokens):
        for i in range(head_width // 2):
            angle = position[songs[token]] * frequencies[i]
            cosine[token, i], sine[token, i] = math.cos(angle), math.sin(angle)
    for layer in range(depth):
        for token in range(tokens):
            normalize(x[songs[token]], qkv_gain[layer], lanes, normed[token])
        linear(qkv_of.values[layer], qkv_of.scale[layer], normed, integers, scale, hidden)
        for token in range(tokens):
            qkv, song = hidden[token], songs[token]
            for begin in range(0, width + kv_heads * head_width, head_width):
                _rotate(part(qkv, begin, head_width), cosine[token], sine[token])
            _attend(kv_cache, song, (song * depth + layer) * kv_heads, kv_heads, qkv, normed[token])
        linear(out_of.values[layer], out_of.scale[layer], normed, integers, scale, hidden)
        for token in range(tokens):
            own = x[songs[token]]
            add(own, hidden[token])
            normalize(own, up_gain[layer], lanes, normed[token])
        linear(up_of.values[layer], up_of.scale[layer], normed, integers, scale, hidden)
        for token in range(tokens):
            own = hidden[token]
            for i in range(4 * width):
                own[i] += up_bias_of[layer, i]
            gelu(own)
        linear(down_of.values[layer], down_of.scale[layer], first_rows(hidden, tokens), integers, scale, normed)
        for token in range(tokens):
            add(x[songs[token]], normed[token])
    for token in range(tokens):
        normalize(x[songs[token]], last_gain, lanes, normed[token])
        token_count[songs[token]] += 1
    linear(head.values, head.scale, normed, integers, scale, outputs)
