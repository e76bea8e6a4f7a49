"""Numba kernels for token-by-token decoding, which is memory-bound.

Each token reads all weights once, and that takes most of the time: the weights and the KV cache are bfloat16, two
numbers in a 32-bit word, and the arithmetic is float32. One pass over the weights serves two tokens, each of another
song. Every sum is taken in the order of its inputs, so a song has the same bits alone and in a batch.
"""

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

PackedBF16 = NDArray[np.uint32]
"""(inputs / 2, outputs): the bfloat16 numbers of two neighbouring inputs a word, the first one in the lower half."""

MAX_EXPONENT = np.float32(60)
"""Larger exponents are clipped: e^-60 = 1e-26 adds nothing to a sum, and below e^-87 numbers are subnormal, which
processors compute with a hundred times more slowly."""

LANES = 16
"""Partial sums of a reduction, so that the compiler can vectorise it without changing the order of the sum."""

HUGE_PAGE_WORDS = 1 << 19
"""2 MB."""

Function = TypeVar("Function", bound=Callable[..., Any])


def zeros(*shape: int) -> PackedBF16:
    """Zeros; large arrays begin at a multiple of 2 MB within a larger allocation, so that Linux backs them with huge
    pages, which are read a fifth faster."""
    count = math.prod(shape)
    if count < HUGE_PAGE_WORDS // 8:
        return np.zeros(shape, np.uint32)
    memory = np.zeros(max(count, 2 * HUGE_PAGE_WORDS) + HUGE_PAGE_WORDS, np.uint32)
    begin = -(memory.ctypes.data // 4) % HUGE_PAGE_WORDS
    return memory[begin : begin + count].reshape(shape)


def pack_bf16(x: NDArray[np.floating[Any]]) -> PackedBF16:
    """(…, outputs, inputs) to words (…, inputs / 2, outputs) of bfloat16, rounded to nearest even; an odd number of
    inputs is padded by one."""
    bits = np.ascontiguousarray(np.moveaxis(x, -1, -2), np.float32).view(np.uint32)
    bits = bits + 0x7FFF + (bits >> 16 & 1)
    if bits.shape[-2] % 2:
        bits = np.concatenate([bits, np.zeros_like(bits[..., :1, :])], -2)
    packed = zeros(*bits.shape[:-2], bits.shape[-2] // 2, bits.shape[-1])
    packed[...] = bits[..., ::2, :] >> 16 | bits[..., 1::2, :] & 0xFFFF0000
    return packed


_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}, "no_cfunc_wrapper": True}
"""LLVM's flag "contract" allows fused multiply-add. Write no sum of two products: either one may be fused, with
different bits. "reassoc" must not be allowed: LLVM compiles a function once for each caller that it is inlined into,
and another order of a sum there would make a song depend on which copy computed it."""


def njit(function: Function) -> Function:
    """`numba.njit` without the GIL, for functions that Python calls; cached on disk where that is writable."""
    try:
        compiled: Any = numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:
        compiled = numba.njit(**_OPTIONS)(function)
    return compiled  # type: ignore[no-any-return]


def njit_inner_with(*fastmath: str) -> Callable[[Function], Function]:
    """For functions that only compiled functions call: compiled without the code that unpacks Python's arguments."""

    def njit_inner(function: Function) -> Function:
        options = {**_OPTIONS, "fastmath": set(fastmath), "no_cpython_wrapper": True}
        compiled: Any = numba.njit(**options)(function)
        return compiled  # type: ignore[no-any-return]

    return njit_inner


njit_inner = njit_inner_with("contract")


def njit_inline(function: Function) -> Function:
    """For functions with one caller that take a tuple of many arrays: a call would take longer to compile than the
    function does as a part of its caller."""
    compiled: Any = numba.njit(inline="always", **_OPTIONS)(function)
    return compiled  # type: ignore[no-any-return]


@njit_inner
def _low(word: Any) -> Any:
    return np.uint32(np.uint32(word) << np.uint32(16)).view(np.float32)


@njit_inner
def _high(word: Any) -> Any:
    return np.uint32(np.uint32(word) & np.uint32(0xFFFF0000)).view(np.float32)


@njit_inner
def to_bf16(number: Any) -> Any:
    """The bits of the bfloat16 nearest to a float32."""
    bits = np.uint32(np.float32(number).view(np.uint32))
    return np.uint32((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))


@njit
def exp(x: Any) -> Any:
    """exp of a float32 to 2 units in the last place, without branches or calls, so that loops over it vectorise."""
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


@njit_inner
def _add_products(total: Any, a: Any, b: Any, word: Any) -> Any:
    """total plus the products of two neighbouring inputs, a and b, and their weights."""
    total += a * _low(word)
    total += b * _high(word)
    return total


@njit_inner
def _clear(x: Array) -> None:
    """x (n,) = 0; assigning to a slice takes longer to compile."""
    for i in range(len(x)):
        x[i] = np.float32(0)


@njit
def matvec(weight: PackedBF16, x: Array, out: Array) -> None:
    """out (outputs,) = weight (inputs / 2, outputs) · x (inputs,); shorter x or out: the first of the weights."""
    words = len(x) // 2
    _clear(out)
    for j in range(0, words - 3, 4):
        for i in range(len(out)):
            total = out[i]
            for k in range(j, j + 4):
                total = _add_products(total, x[2 * k], x[2 * k + 1], weight[k, i])
            out[i] = total
    for k in range(words - words % 4, words):
        for i in range(len(out)):
            out[i] = _add_products(out[i], x[2 * k], x[2 * k + 1], weight[k, i])


@njit_inner
def _matvec_pair(weight: PackedBF16, x: Array, y: Array, x_out: Array, y_out: Array) -> None:
    """`matvec` of x and of y in one pass over the weights."""
    words = len(x) // 2
    _clear(x_out)
    _clear(y_out)
    for j in range(0, words - 1, 2):
        for i in range(len(x_out)):
            x_total, y_total = x_out[i], y_out[i]
            for k in range(j, j + 2):
                x_total = _add_products(x_total, x[2 * k], x[2 * k + 1], weight[k, i])
                y_total = _add_products(y_total, y[2 * k], y[2 * k + 1], weight[k, i])
            x_out[i], y_out[i] = x_total, y_total
    for k in range(words - words % 2, words):
        for i in range(len(x_out)):
            x_out[i] = _add_products(x_out[i], x[2 * k], x[2 * k + 1], weight[k, i])
            y_out[i] = _add_products(y_out[i], y[2 * k], y[2 * k + 1], weight[k, i])


@njit
def matmul(weight: PackedBF16, x: Array, out: Array) -> None:
    """out (tokens, outputs): `matvec` of each row of x (tokens, inputs)."""
    tokens = len(x)
    for token in range(0, tokens - 1, 2):
        _matvec_pair(weight, x[token], x[token + 1], out[token], out[token + 1])
    if tokens % 2:
        matvec(weight, x[tokens - 1], out[tokens - 1])


@njit
def gelu(x: Array) -> None:
    """GELU (tanh approximation), in place: x · sigmoid(z), which is x / 2 · (1 + tanh(z / 2))."""
    for i in range(len(x)):
        z = np.float32(1.5957691) * x[i] * (np.float32(1) + np.float32(0.044715) * x[i] * x[i])
        x[i] = x[i] / (np.float32(1) + exp(min(-z, MAX_EXPONENT)))


@njit_inner
def _sum(lanes: Array) -> Any:
    """The sum of lanes (LANES,) in its order; `lanes.sum()` takes longer to compile."""
    total = np.float32(0)
    for i in range(LANES):
        total += lanes[i]
    return total


@njit_inner
def rms_scale(x: Array, epsilon: float, lanes: Array) -> Any:
    """1 / RMS of x (width,), by which RMS norm multiplies; `epsilon` is added to the mean square. lanes (LANES,) are
    overwritten: an array that is made here takes longer to compile than the rest."""
    _clear(lanes)
    rest = len(x) - len(x) % LANES
    for begin in range(0, rest, LANES):
        for i in range(LANES):
            lanes[i] += x[begin + i] * x[begin + i]
    for i in range(rest, len(x)):
        lanes[0] += x[i] * x[i]
    return np.float32(1 / math.sqrt(_sum(lanes) / len(x) + epsilon))


@njit_inner
def softmax(logits: Array, lanes: Array) -> None:
    """Softmax of logits (n,), in place. lanes (LANES,) are overwritten, as in `rms_scale`."""
    rest = len(logits) - len(logits) % LANES
    for i in range(LANES):
        lanes[i] = logits[0]
    for begin in range(0, rest, LANES):
        for i in range(LANES):
            lanes[i] = max(lanes[i], logits[begin + i])
    highest = lanes[0]
    for i in range(1, LANES):
        highest = max(highest, lanes[i])
    for i in range(rest, len(logits)):
        highest = max(highest, logits[i])
    for i in range(len(logits)):
        logits[i] = exp(max(logits[i] - highest, -MAX_EXPONENT))
    _clear(lanes)
    for begin in range(0, rest, LANES):
        for i in range(LANES):
            lanes[i] += logits[begin + i]
    for i in range(rest, len(logits)):
        lanes[0] += logits[i]
    scale = np.float32(1) / _sum(lanes)
    for i in range(len(logits)):
        logits[i] *= scale
