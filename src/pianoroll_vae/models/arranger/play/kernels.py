"""Compiled loops: what writes a note at a time spends its time on memory, and a framework on its books.

Every number of the weights is read for each token, and little else counts: they are kept as bfloat16, half as many
bytes, two in a word, and computed with as float32. Tokens of several songs are computed side by side, two for each
number that is read, and a song alone comes to the same bits: every sum is taken in the order of its inputs. The plain
way, in PyTorch, is in `layers`; the tests hold both against each other. Knows no music.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

PackedBF16 = NDArray[np.uint32]
"""(inputs / 2, outputs): the bfloat16 numbers of two neighbouring inputs each, the former in the lower half."""

MAX_EXPONENT = np.float32(60)
"""Exponents beyond it are taken for it: what is 1e-26 times as likely counts for nothing, and a few times less is a
number that processors compute with a hundred times slower."""

LANES = 16
"""Sums that run side by side where many numbers become one."""

LARGE_PAGE = 1 << 19
"""Words."""

RMS_EPSILON = 1e-5
"""What `layers.norm` adds to a mean square."""

Function = TypeVar("Function", bound=Callable[..., Any])


class LayerWeights(NamedTuple):
    """The weights of attention's layers, (layers, inputs / 2, outputs) each; gains and scales are multiplied in."""

    heads: PackedBF16
    out: PackedBF16
    up: PackedBF16
    up_bias: Array
    """(layers, 4 · width)"""

    down: PackedBF16


class KVCache(NamedTuple):
    """What was seen lately in each of several songs, a ring of tokens."""

    keys: PackedBF16
    """(songs, layers, heads, head_width / 2, tokens)"""

    values: PackedBF16
    """(songs, layers, heads, tokens / 2, head_width)"""

    tokens: NDArray[np.int64]
    """(songs,): how many tokens were seen in all."""


def words(*shape: int) -> PackedBF16:
    """Zeros; many of them begin at a border of 2 MB, in memory of several: what lies in large pages, as systems then
    keep it, is read a fifth faster."""
    count = math.prod(shape)
    if count < LARGE_PAGE // 8:
        return np.zeros(shape, np.uint32)
    memory = np.zeros(max(count, 2 * LARGE_PAGE) + LARGE_PAGE, np.uint32)
    begin = -(memory.ctypes.data // 4) % LARGE_PAGE
    return memory[begin : begin + count].reshape(shape)


def pack_bf16(x: NDArray[np.floating[Any]]) -> PackedBF16:
    """(…, outputs, inputs) to words (…, inputs / 2, outputs) of the nearest bfloat16 numbers, of two equally near ones
    the even; one input is added where their number is odd."""
    bits = np.ascontiguousarray(np.moveaxis(x, -1, -2), np.float32).view(np.uint32)
    bits = bits + 0x7FFF + (bits >> 16 & 1)
    if bits.shape[-2] % 2:
        bits = np.concatenate([bits, np.zeros_like(bits[..., :1, :])], -2)
    pairs = words(*bits.shape[:-2], bits.shape[-2] // 2, bits.shape[-1])
    pairs[...] = bits[..., ::2, :] >> 16 | bits[..., 1::2, :] & 0xFFFF0000
    return pairs


def empty_kv_cache(songs: int, layers: int, heads: int, head_width: int, tokens: int) -> KVCache:
    """Nothing was seen yet."""
    return KVCache(
        words(songs, layers, heads, head_width // 2, tokens),
        words(songs, layers, heads, -(-tokens // 2), head_width),
        np.zeros(songs, np.int64),
    )


def _compiled(*liberties: str) -> Callable[[Function], Function]:
    """Translated when it is first called, and kept for later runs where there is a place to write.

    liberties: what may be done with floating-point numbers. Never taken is that of another order: a function that is
    translated with several others becomes as many copies, and a song must not depend on which of them is at work.
    """

    def compiled(function: Function) -> Function:
        options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": set(liberties)}
        try:
            made: Any = numba.njit(cache=True, **options)(function)
        except RuntimeError:
            made = numba.njit(**options)(function)
        return made  # type: ignore[no-any-return]

    return compiled


compiled = _compiled("contract")
"""Products and sums in one step: write none of which two could be that step."""


@compiled
def _low(word: Any) -> Any:
    return np.uint32(np.uint32(word) << np.uint32(16)).view(np.float32)


@compiled
def _high(word: Any) -> Any:
    return np.uint32(np.uint32(word) & np.uint32(0xFFFF0000)).view(np.float32)


@compiled
def _half(number: Any) -> Any:
    """The bits of a float32's nearest bfloat16."""
    bits = np.uint32(np.float32(number).view(np.uint32))
    return np.uint32((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))


@compiled
def exp(x: Any) -> Any:
    """e to the power of a float32, to 2 units of the last place, written so that many are computed at once."""
    x = min(max(x, np.float32(-87)), np.float32(88))
    whole = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    rest = x - whole * np.float32(0.693359375) + whole * np.float32(2.12194440e-4)
    series = np.float32(1.9875691500e-4) * rest + np.float32(1.3981999507e-3)
    series = series * rest + np.float32(8.3334519073e-3)
    series = series * rest + np.float32(4.1665795894e-2)
    series = series * rest + np.float32(1.6666665459e-1)
    series = series * rest + np.float32(0.5)
    series = series * rest * rest + rest + np.float32(1)
    power = np.uint32(np.int32(whole) + np.int32(127)) << np.uint32(23)
    return series * np.uint32(power).view(np.float32)


@compiled
def _plus(total: Any, a: Any, b: Any, word: Any) -> Any:
    """The sum goes on: a and b, of two neighbouring inputs, times their weights."""
    total += a * _low(word)
    total += b * _high(word)
    return total


@compiled
def matvec(weight: PackedBF16, x: Array, found: Array) -> None:
    """found (outputs,): of the weights (inputs / 2, outputs or more) and x (inputs,), which may be fewer."""
    words = len(x) // 2
    found[:] = 0
    for j in range(0, words - 3, 4):
        for i in range(len(found)):
            total = found[i]
            for k in range(j, j + 4):
                total = _plus(total, x[2 * k], x[2 * k + 1], weight[k, i])
            found[i] = total
    for k in range(words - words % 4, words):
        for i in range(len(found)):
            found[i] = _plus(found[i], x[2 * k], x[2 * k + 1], weight[k, i])


@compiled
def _matvec_pair(weight: PackedBF16, x: Array, y: Array, found: Array, other: Array) -> None:
    """As `matvec`, for x and y at once."""
    words = len(x) // 2
    found[:], other[:] = 0, 0
    for j in range(0, words - 1, 2):
        for i in range(len(found)):
            total, second = found[i], other[i]
            for k in range(j, j + 2):
                total = _plus(total, x[2 * k], x[2 * k + 1], weight[k, i])
                second = _plus(second, y[2 * k], y[2 * k + 1], weight[k, i])
            found[i], other[i] = total, second
    for k in range(words - words % 2, words):
        for i in range(len(found)):
            found[i] = _plus(found[i], x[2 * k], x[2 * k + 1], weight[k, i])
            other[i] = _plus(other[i], y[2 * k], y[2 * k + 1], weight[k, i])


@compiled
def matmul(weight: PackedBF16, x: Array, found: Array) -> None:
    """found (tokens, outputs): of the weights (inputs / 2, outputs) and x (tokens, inputs)."""
    tokens = len(x)
    for token in range(0, tokens - 1, 2):
        _matvec_pair(weight, x[token], x[token + 1], found[token], found[token + 1])
    if tokens % 2:
        matvec(weight, x[tokens - 1], found[tokens - 1])


@compiled
def gelu(x: Array) -> None:
    """GELU, by its tanh approximation, in place."""
    for i in range(len(x)):
        curve = np.float32(1.5957691) * x[i] * (np.float32(1) + np.float32(0.044715) * x[i] * x[i])
        x[i] = x[i] / (np.float32(1) + exp(min(-curve, MAX_EXPONENT)))


@compiled
def rms_scale(x: Array, min_p: float) -> Any:
    """What makes x (width,) as long as root-mean-square normalisation does; `min_p` keeps it finite."""
    sums = np.zeros(LANES, np.float32)
    rest = len(x) - len(x) % LANES
    for begin in range(0, rest, LANES):
        for i in range(LANES):
            sums[i] += x[begin + i] * x[begin + i]
    for i in range(rest, len(x)):
        sums[0] += x[i] * x[i]
    return np.float32(1 / math.sqrt(sums.sum() / len(x) + min_p))


@compiled
def _softmax(scores: Array) -> None:
    """Softmax of scores (n,), in place."""
    rest = len(scores) - len(scores) % LANES
    tops, sums = np.full(LANES, scores[0]), np.zeros(LANES, np.float32)
    for begin in range(0, rest, LANES):
        for i in range(LANES):
            tops[i] = max(tops[i], scores[begin + i])
    highest = tops.max()
    for i in range(rest, len(scores)):
        highest = max(highest, scores[i])
    for i in range(len(scores)):
        scores[i] = exp(max(scores[i] - highest, -MAX_EXPONENT))
    for begin in range(0, rest, LANES):
        for i in range(LANES):
            sums[i] += scores[begin + i]
    for i in range(rest, len(scores)):
        sums[0] += scores[i]
    share = np.float32(1) / sums.sum()
    for i in range(len(scores)):
        scores[i] *= share


@_compiled()
def _rotate(part: Array, cosine: Array, sine: Array) -> None:
    """A query or key (head_width,) by its time's angles (head_width / 2,)."""
    half = len(cosine)
    for i in range(half):
        one, other = part[i], part[half + i]
        part[i], part[half + i] = one * cosine[i] - other * sine[i], other * cosine[i] + one * sine[i]


@compiled
def _look_back(kv_cache: KVCache, song: int, layer: int, parts: Array, mixed: Array) -> None:
    """What a token finds in a layer, mixed (width,), by its query, key and value, parts (3 · width,)."""
    _, _, heads, half, size = kv_cache.keys.shape
    head_width, width = 2 * half, len(mixed)
    place, known = kv_cache.tokens[song] % size, min(kv_cache.tokens[song] + 1, size)
    scores = np.empty(size + 1, np.float32)
    for head in range(heads):
        begin, end = head * head_width, (head + 1) * head_width
        keys, values = kv_cache.keys[song, layer, head], kv_cache.values[song, layer, head]
        key, value = parts[width + begin : width + end], parts[2 * width + begin : 2 * width + end]
        for i in range(half):
            keys[i, place] = _half(key[2 * i]) | (_half(key[2 * i + 1]) << np.uint32(16))
        row = values[place // 2]
        for i in range(head_width):
            if place % 2:
                row[i] = (row[i] & np.uint32(0xFFFF)) | (_half(value[i]) << np.uint32(16))
            else:
                row[i] = (row[i] & np.uint32(0xFFFF0000)) | _half(value[i])
        matvec(keys, parts[begin:end], scores[:known])
        _softmax(scores[:known])
        scores[known] = 0
        matvec(values, scores[: known + known % 2], mixed[begin:end])


@compiled
def forward_tokens(
    layers: LayerWeights,
    kv_cache: KVCache,
    speed: NDArray[np.float64],
    songs: NDArray[np.int64],
    x: Array,
    time: NDArray[np.int64],
) -> None:
    """Tokens x (tokens, width) through all layers, in place, one of each of `songs` (tokens,), at `time` (tokens,);
    each sees itself and what its song has seen, which it joins."""
    tokens, width = x.shape
    depth, half = kv_cache.keys.shape[1], kv_cache.keys.shape[3]
    cosine, sine = np.empty((tokens, half), np.float32), np.empty((tokens, half), np.float32)
    for token in range(tokens):
        for i in range(half):
            cosine[token, i], sine[token, i] = np.cos(time[token] * speed[i]), np.sin(time[token] * speed[i])
    parts, inner = np.empty((tokens, 3 * width), np.float32), np.empty((tokens, 4 * width), np.float32)
    found, mixed = np.empty((tokens, width), np.float32), np.empty((tokens, width), np.float32)
    for layer in range(depth):
        matmul(layers.heads[layer], x, parts)
        for token in range(tokens):
            mine, scale = parts[token], rms_scale(x[token], RMS_EPSILON)
            for i in range(3 * width):
                mine[i] *= scale
            for begin in range(0, 2 * width, 2 * half):
                _rotate(mine[begin : begin + 2 * half], cosine[token], sine[token])
            _look_back(kv_cache, songs[token], layer, mine, mixed[token])
        matmul(layers.out[layer], mixed, found)
        x += found
        matmul(layers.up[layer], x, inner)
        for token in range(tokens):
            mine, scale = inner[token], rms_scale(x[token], RMS_EPSILON)
            for i in range(4 * width):
                mine[i] = mine[i] * scale + layers.up_bias[layer, i]
            gelu(mine)
        matmul(layers.down[layer], inner, found)
        x += found
    for token in range(tokens):
        kv_cache.tokens[songs[token]] += 1


@compiled
def choose(scores: Array, temperature: float, draw: float, min_p: float, spared: int) -> int:
    """The index of one of the scores (n,), which are logarithms of likelihoods, by a number drawn from 0 to 1.

    -inf is never chosen, nor what is less than `min_p` times as likely as the likeliest, but for the index `spared`.
    """
    best = 0
    for i in range(len(scores)):
        if scores[i] > scores[best]:
            best = i
    if temperature <= 0:
        return best
    highest, whole = scores[best], 0.0
    likelihood = np.empty(len(scores), np.float64)
    for i in range(len(scores)):
        likelihood[i] = math.exp((scores[i] - highest) / temperature)
        if likelihood[i] < min_p and i != spared:
            likelihood[i] = 0
        whole += likelihood[i]
    heap, drawn = 0.0, draw * whole
    for i in range(len(scores)):
        heap += likelihood[i]
        if heap > drawn:
            return i
    return best
