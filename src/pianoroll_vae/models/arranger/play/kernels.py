"""Numba kernels for token-by-token decoding.

Each token reads all weights once, so they are 8-bit integers, as they are stored, and so is the KV cache. What they are
multiplied by becomes 16-bit integers, with a scale for each token. One pass over the weights serves up to four tokens,
each of another song. Products of matrices are sums of integers, and all else is computed token by token, so a song has
the same bits alone and in a batch.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from numpy.typing import DTypeLike, NDArray

from pianoroll_vae.models.arranger.play.array_views import corner, part
from pianoroll_vae.models.arranger.play.dot_products import INPUTS, OUTPUTS, dot_products, to_blocks
from pianoroll_vae.models.arranger.play.float_bits import bits_float, float_bits
from pianoroll_vae.models.arranger.play.loop_cache import LoopCache
from pianoroll_vae.models.quantization import LARGEST, quantize_rows

Array = NDArray[np.float32]


class Int8Weight(NamedTuple):
    """The weights of a linear layer, or of many."""

    values: NDArray[np.int8]
    """(…, blocks, inputs / INPUTS, OUTPUTS · INPUTS), see `to_blocks`"""

    scale: Array
    """(…, outputs): what the values are multiplied by."""


NO_OUTPUTS = Int8Weight(np.zeros((0, 1, OUTPUTS * INPUTS), np.int8), np.zeros(0, np.float32))

CACHE_LIMIT = np.float32(LARGEST)
"""The largest integer in a KV cache."""

INPUT_LIMIT = 32767
SUM_LIMIT = 2**31 - 1

MAX_EXPONENT = np.float32(60)
"""Larger exponents are clipped: e^-60 = 1e-26 adds nothing to a sum, and below e^-87 numbers are subnormal, which
processors compute with a hundred times more slowly."""

SUM_UNIT = np.float32(2**18)
"""Of exponentials that are added up as integers; 4,096 of them stay within 32 bits."""

LANES = 16
"""Partial sums of a reduction, so that the compiler can vectorise it without changing the order of the sum."""

HUGE_PAGE = 1 << 21
"""Bytes."""

_dots_2_4, _dots_4_2, _dots_4_1, _dots_1_1 = (dot_products(*size) for size in ((2, 4), (4, 2), (4, 1), (1, 1)))
"""Of so many blocks and tokens."""

Function = TypeVar("Function", bound=Callable[..., Any])


def zeros(shape: tuple[int, ...], dtype: DTypeLike = np.int8) -> NDArray[Any]:
    """Zeros; large arrays begin at a multiple of 2 MB within a larger allocation, so that Linux backs them with huge
    pages, which are read a fifth faster."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size < HUGE_PAGE // 8:
        return np.zeros(shape, dtype)
    memory = np.zeros(max(size, 2 * HUGE_PAGE) + HUGE_PAGE, np.uint8)
    begin = -memory.ctypes.data % HUGE_PAGE
    return memory[begin : begin + size].view(dtype).reshape(shape)


def padded(size: int, multiple: int = INPUTS) -> int:
    """The next multiple."""
    return -(-size // multiple) * multiple


def to_int8(weight: Array) -> Int8Weight:
    """Weights (…, outputs, inputs), rounded as `models.quantization` stores them; those that come from there keep their
    values."""
    values, scale = quantize_rows(weight)
    even = np.zeros((*values.shape[:-1], padded(values.shape[-1])), np.int8)
    even[..., : values.shape[-1]] = values
    blocks = to_blocks(even)
    packed = zeros(blocks.shape)
    packed[...] = blocks
    return Int8Weight(packed, scale)


_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "fastmath": {"contract"},
    "no_cfunc_wrapper": True,
    "_nrt": False,
}
"""LLVM's flag "contract" allows fused multiply-add. Write no sum of two products: either one may be fused, with
different bits. "reassoc" must not be allowed: LLVM compiles a function once for each caller that it is inlined into,
and another order of a sum there would make a song depend on which copy computed it. Without numba's runtime ("nrt")
nothing can be allocated in a loop, and arrays have no reference counts: an eighth of the time of compiling."""


def njit(function: Function) -> Function:
    """`numba.njit` without the GIL, for functions that Python calls; cached on disk where that is writable."""
    compiled: Any = numba.njit(**_OPTIONS)(function)
    with suppress(RuntimeError, OSError):
        compiled._cache = LoopCache(function)
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


class DirectCall:
    """A call of a compiled function whose arguments always have the same types: numba looks at those of the first call
    alone. For tuples of many arrays that takes 12 µs, a third of what it takes to sample the notes of a batch."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function: Any = function
        self._entry: Callable[..., Any] | None = None

    def __call__(self, *arguments: Any) -> Any:
        if self._entry is not None:
            return self._entry(*arguments)
        result = self.function(*arguments)
        self._entry = self.function.overloads[tuple(map(numba.typeof, arguments))].entry_point
        return result


@njit_inner
def exp(x: Any) -> Any:
    """exp of a float32 to 2 units in the last place, without branches or calls, so that loops over it vectorise."""
    x = np.float32(-87) if x < np.float32(-87) else x
    x = np.float32(88) if x > np.float32(88) else x
    whole = np.floor(x * np.float32(1.44269504) + np.float32(0.5))
    rest = x - whole * np.float32(0.693359375) + whole * np.float32(2.12194440e-4)
    series = np.float32(1.9875691500e-4) * rest + np.float32(1.3981999507e-3)
    series = series * rest + np.float32(8.3334519073e-3)
    series = series * rest + np.float32(4.1665795894e-2)
    series = series * rest + np.float32(1.6666665459e-1)
    series = series * rest + np.float32(0.5)
    series = series * rest * rest + rest + np.float32(1)
    return series * bits_float(np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)))


@njit_inner
def quantize(x: Array, limit: np.float32, out: NDArray[np.int16]) -> Any:
    """x (n,) as integers of at most `limit`, the first of `out`, and by what they are to be multiplied; the rest of
    `out` becomes 0."""
    largest = np.int32(0)
    for i in range(len(x)):
        bits = float_bits(x[i]) & np.int32(0x7FFFFFFF)
        largest = bits if bits > largest else largest
    highest = bits_float(largest)
    inverse = limit / highest if highest > 0 else np.float32(0)
    for i in range(len(x)):
        out[i] = np.floor(x[i] * inverse + np.float32(0.5))
    for i in range(len(x), len(out)):
        out[i] = 0
    return highest / limit


@njit_inner
def quantize_inputs(x: Array, out: NDArray[np.int16]) -> Any:
    """`quantize` to integers whose products with 8-bit weights add up to 32 bits."""
    return quantize(x, np.float32(min(INPUT_LIMIT, SUM_LIMIT // (LARGEST * len(out)))), out)


@njit_inner
def matmul(values: NDArray[np.int8], scale: Array, x: NDArray[np.int16], x_scale: Array, out: Array) -> None:
    """out (tokens, outputs) = x (tokens, inputs) times x_scale (tokens,) · an `Int8Weight` (outputs or more, inputs or
    more); the number of inputs is a multiple of `INPUTS`, that of outputs `OUTPUTS` or more."""
    tokens, blocks, token = len(out), (out.shape[1] + OUTPUTS - 1) // OUTPUTS, 0
    if blocks < 4:
        for token in range(tokens):
            for block in range(blocks):
                _dots_1_1(values, block, x, token, scale, x_scale, out)
        return
    # The last blocks are computed once more where their number is not a multiple: to the same bits.
    while token + 4 <= tokens:
        for block in range(0, blocks, 2):
            _dots_2_4(values, min(block, blocks - 2), x, token, scale, x_scale, out)
        token += 4
    if token + 2 <= tokens:
        for block in range(0, blocks, 4):
            _dots_4_2(values, min(block, blocks - 4), x, token, scale, x_scale, out)
        token += 2
    if token < tokens:
        for block in range(0, blocks, 4):
            _dots_4_1(values, min(block, blocks - 4), x, token, scale, x_scale, out)


@njit
def linear(
    values: NDArray[np.int8], scale: Array, x: Array, integers: NDArray[np.int16], x_scale: Array, out: Array
) -> None:
    """The first of out (tokens or more, outputs or more) = x (tokens, inputs) · an `Int8Weight`; the first of integers
    (tokens or more, padded inputs or more) and of x_scale (tokens or more,) are overwritten."""
    inputs = values.shape[1] * INPUTS
    for token in range(len(x)):
        x_scale[token] = quantize_inputs(x[token], part(integers[token], 0, inputs))
    matmul(values, scale, corner(integers, len(x), inputs), x_scale, corner(out, len(x), len(scale)))


@njit
def gelu(x: Array) -> None:
    """GELU (tanh approximation), in place: x · sigmoid(z), which is x / 2 · (1 + tanh(z / 2))."""
    for i in range(len(x)):
        z = np.float32(1.5957691) * x[i] * (np.float32(1) + np.float32(0.044715) * x[i] * x[i])
        x[i] = x[i] / (np.float32(1) + exp(-z if -z < MAX_EXPONENT else MAX_EXPONENT))


@njit_inner
def add(x: Array, y: Array) -> None:
    """x (n,) += the first of y (n or more,)."""
    for i in range(len(x)):
        x[i] += y[i]


@njit_inner
def rms_scale(x: Array, epsilon: float, lanes: Array) -> Any:
    """1 / RMS of x (width,), by which RMS norm multiplies; `epsilon` is added to the mean square. lanes (LANES,) are
    overwritten: an array that is made here takes longer to compile than the rest."""
    for i in range(LANES):  # assigning to a slice, and its sum, take longer to compile
        lanes[i] = np.float32(0)
    rest = len(x) - len(x) % LANES
    for begin in range(0, rest, LANES):
        for i in range(LANES):
            lanes[i] += x[begin + i] * x[begin + i]
    for i in range(rest, len(x)):
        lanes[0] += x[i] * x[i]
    total = np.float32(0)
    for i in range(LANES):
        total += lanes[i]
    return np.float32(1 / math.sqrt(total / len(x) + epsilon))


@njit_inner
def _in_order(bits: Any) -> Any:
    """The bits of a float32, as an int32, to an integer that is in the order of the floats, and back."""
    return np.int32(bits ^ (np.int32(bits >> np.int32(31)) & np.int32(0x7FFFFFFF)))


@njit_inner
def softmax_numerators(logits: Array) -> Any:
    """Softmax of logits (n,), in place, but for the number that all are to be multiplied by, which is returned. Of
    integers, whose order of adding does not matter, the compiler vectorises the maximum and the sum."""
    highest, total = np.int32(-(2**31)), np.int32(0)
    for i in range(len(logits)):
        bits = _in_order(float_bits(logits[i]))
        highest = bits if bits > highest else highest
    most = bits_float(_in_order(highest))
    for i in range(len(logits)):
        below = logits[i] - most
        logits[i] = exp(below if below > -MAX_EXPONENT else -MAX_EXPONENT)
        total = np.int32(total + np.int32(logits[i] * SUM_UNIT + np.float32(0.5)))
    return SUM_UNIT / np.float32(total)
