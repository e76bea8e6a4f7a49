"""A transformer token by token, with a KV cache; `train.layers` has the same in PyTorch, and tests compare them."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.kernels import (
    LANES,
    Array,
    PackedBF16,
    gelu,
    matmul,
    matvec,
    njit,
    njit_inner,
    njit_inner_with,
    rms_scale,
    softmax,
    to_bf16,
    zeros,
)

RMS_EPSILON = 1e-5
"""As in `train.layers`."""


class LayerWeights(NamedTuple):
    """The weights of all transformer layers, (layers, inputs / 2, outputs) each. The gains of the RMS norms are
    multiplied into `qkv` and `up`, the scale of attention into the queries."""

    qkv: PackedBF16
    out: PackedBF16
    up: PackedBF16
    up_bias: Array
    """(layers, 4 · width)"""

    down: PackedBF16


class KVCache(NamedTuple):
    """Keys and values of each song's last tokens, as rings of `tokens` slots."""

    keys: PackedBF16
    """(songs, layers, heads, head_width / 2, tokens)"""

    values: PackedBF16
    """(songs, layers, heads, tokens / 2, head_width)"""

    token_count: NDArray[np.int64]
    """(songs,): tokens so far, also those that the ring has dropped."""


def empty_kv_cache(songs: int, layers: int, heads: int, head_width: int, tokens: int) -> KVCache:
    return KVCache(
        zeros(songs, layers, heads, head_width // 2, tokens),
        zeros(songs, layers, heads, -(-tokens // 2), head_width),
        np.zeros(songs, np.int64),
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
    keys_of: PackedBF16,
    values_of: PackedBF16,
    token_count: int,
    qkv: Array,
    out: Array,
    scores: Array,
    lanes: Array,
) -> None:
    """Add a token's key and value to a song's cache of a layer, keys and values without their first two axes, and
    write what its heads attend to, out (width,).

    qkv: (3 · width,), queries, keys and values of all heads; scores (tokens + 1,) and lanes (LANES,) are overwritten.
    """
    heads, half, size = keys_of.shape
    head_width, width = 2 * half, len(out)
    slot, filled = token_count % size, min(token_count + 1, size)
    for head in range(heads):
        begin, end = head * head_width, (head + 1) * head_width
        keys, values = keys_of[head], values_of[head]
        key, value = qkv[width + begin : width + end], qkv[2 * width + begin : 2 * width + end]
        for i in range(half):
            keys[i, slot] = to_bf16(key[2 * i]) | (to_bf16(key[2 * i + 1]) << np.uint32(16))
        row = values[slot // 2]
        for i in range(head_width):
            if slot % 2:
                row[i] = (row[i] & np.uint32(0xFFFF)) | (to_bf16(value[i]) << np.uint32(16))
            else:
                row[i] = (row[i] & np.uint32(0xFFFF0000)) | to_bf16(value[i])
        matvec(keys, qkv[begin:end], scores[:filled])
        softmax(scores[:filled], lanes)
        scores[filled] = 0
        matvec(values, scores[: filled + filled % 2], out[begin:end])


@njit_inner
def _add(x: Array, y: Array) -> None:
    """x += y, (tokens, width) both, in place; the operator takes longer to compile."""
    for row in range(x.shape[0]):
        for i in range(x.shape[1]):
            x[row, i] += y[row, i]


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
    (qkv_of, out_of, up_of, up_bias_of, down_of), (keys, values, token_count) = layers, kv_cache
    depth, half, size = keys.shape[1], keys.shape[3], keys.shape[4]
    cosine, sine = np.empty((tokens, half), np.float32), np.empty((tokens, half), np.float32)
    for token in range(tokens):
        for i in range(half):
            angle = position[token] * frequencies[i]
            cosine[token, i], sine[token, i] = math.cos(angle), math.sin(angle)
    qkv, hidden = np.empty((tokens, 3 * width), np.float32), np.empty((tokens, 4 * width), np.float32)
    attended, residual = np.empty((tokens, width), np.float32), np.empty((tokens, width), np.float32)
    room = np.empty((2, max(size + 1, LANES)), np.float32)
    scores, lanes = room[0], room[1, :LANES]
    for layer in range(depth):
        matmul(qkv_of[layer], x, qkv)
        for token in range(tokens):
            own, scale = qkv[token], rms_scale(x[token], RMS_EPSILON, lanes)
            for i in range(3 * width):
                own[i] *= scale
            for begin in range(0, 2 * width, 2 * half):
                _rotate(own[begin : begin + 2 * half], cosine[token], sine[token])
            song = songs[token]
            _attend(keys[song, layer], values[song, layer], token_count[song], own, attended[token], scores, lanes)
        matmul(out_of[layer], attended, residual)
        _add(x, residual)
        matmul(up_of[layer], x, hidden)
        for token in range(tokens):
            own, scale = hidden[token], rms_scale(x[token], RMS_EPSILON, lanes)
            for i in range(4 * width):
                own[i] = own[i] * scale + up_bias_of[layer, i]
            gelu(own)
        matmul(down_of[layer], hidden, residual)
        _add(x, residual)
    for token in range(tokens):
        token_count[songs[token]] += 1
