"""Compiled loops: what writes a note at a time spends its time on memory, and a framework on its books.

Every number of the weights is read once for each token, and nothing else counts: they are kept as bfloat16, half as
many bytes, and computed with as float32. The plain way, in PyTorch, is in `layers` and `networks`; the tests hold both
against each other. Knows no music but in `write_notes`.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.music.bars import BAR_STEPS
from pianoroll_vae.music.notes import PITCHES

Array = NDArray[np.float32]

Halves = NDArray[np.uint16]
"""The upper halves of float32 numbers: bfloat16, which numpy has no word for."""

LEAST_SQUARE = 1e-5
"""What `layers.norm` adds to a mean square."""

Function = TypeVar("Function", bound=Callable[..., Any])


class Layers(NamedTuple):
    """The weights of attention's layers (layers, outputs, inputs); gains and scales are multiplied in already."""

    heads: Halves
    out: Halves
    up: Halves
    up_bias: Array
    """(layers, 4 · width)"""

    down: Halves


class Ring(NamedTuple):
    """What was seen lately, (layers, heads, tokens, head_width) each, and how much was seen in all, (1,)."""

    keys: Halves
    values: Halves
    seen: NDArray[np.int64]


class Writer(NamedTuple):
    """What the decoder knows beside its layers; (rows, width) each unless said otherwise."""

    speed: NDArray[np.float64]
    """(head_width / 2,): radians a sixteenth."""

    who: Array
    says: Array
    place: Array
    pitch: Array
    pitch_class: Array
    length: Array

    next: Halves
    """(places + 3 · width, width): scores of the next note's place, and what its other parts have in common."""

    place_bias: Array
    """(places,)"""

    next_at: Array
    """(places - 1, 3 · width)"""

    next_of: Array
    """(players · 128, 2 · width)"""

    next_pitch: Halves
    pitch_bias: Array
    """(players, 128)"""

    next_length: Halves
    next_velocity: Halves
    velocity_bias: Array
    """(players, velocities)"""


class Manner(NamedTuple):
    """How a bar is written; see `choices` for what is not explained here."""

    bold: float
    least: float
    fullness: float

    usual: float
    """Notes in a bar."""

    together: int
    """Notes that begin at once, at most."""

    struck: bool
    """Lengths are all one."""


def halved(x: NDArray[np.floating[Any]]) -> Halves:
    """The nearest bfloat16 numbers, of two equally near ones the even."""
    bits = np.ascontiguousarray(x, np.float32).view(np.uint32)
    return np.asarray((bits + 0x7FFF + (bits >> 16 & 1)) >> 16, np.uint16)


def _compiled(function: Function) -> Function:
    """Translated when it is first called, and kept for later runs where there is a place to write."""
    options: dict[str, Any] = {
        "nogil": True,
        "error_model": "numpy",
        "fastmath": {"reassoc", "contract", "arcp", "nsz"},
    }
    try:
        made: Any = numba.njit(cache=True, **options)(function)
    except RuntimeError:
        made = numba.njit(**options)(function)
    return made  # type: ignore[no-any-return]


@_compiled
def _wide(half: Any) -> Any:
    return np.uint32(np.uint32(half) << np.uint32(16)).view(np.float32)


@_compiled
def _half(number: Any) -> Any:
    bits = np.uint32(np.float32(number).view(np.uint32))
    return np.uint16((bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))


@_compiled
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


@_compiled
def product(weight: Halves, x: Array, found: Array) -> None:
    """weight (outputs, inputs) · x (inputs,) to found (outputs,)."""
    outputs, inputs = weight.shape
    for i in range(outputs):
        total = np.float32(0)
        for j in range(inputs):
            total += _wide(weight[i, j]) * x[j]
        found[i] = total


@_compiled
def mix(values: Halves, share: Array, mixed: Array) -> None:
    """values (tokens, numbers), with a share (tokens,) of each, to mixed (numbers,); by fours, since what is written to
    memory costs as much as what is read."""
    tokens, numbers = len(share), values.shape[1]
    mixed[:] = 0
    for token in range(0, tokens - 3, 4):
        a, b, c, d = share[token], share[token + 1], share[token + 2], share[token + 3]
        for i in range(numbers):
            first = a * _wide(values[token, i]) + b * _wide(values[token + 1, i])
            mixed[i] += first + c * _wide(values[token + 2, i]) + d * _wide(values[token + 3, i])
    for token in range(tokens - tokens % 4, tokens):
        for i in range(numbers):
            mixed[i] += share[token] * _wide(values[token, i])


@_compiled
def bend(x: Array) -> None:
    """GELU, by its tanh approximation, in place."""
    for i in range(len(x)):
        curve = np.float32(1.5957691) * x[i] * (np.float32(1) + np.float32(0.044715) * x[i] * x[i])
        x[i] = x[i] / (np.float32(1) + exp(-curve))


@_compiled
def shrink(x: Array, least: float) -> Any:
    """What makes x (width,) as long as root-mean-square normalisation does; `least` keeps it finite."""
    total = np.float32(0)
    for i in range(len(x)):
        total += x[i] * x[i]
    return np.float32(1 / math.sqrt(total / len(x) + least))


@_compiled
def show(layers: Layers, ring: Ring, speed: NDArray[np.float64], x: Array, time: int) -> None:
    """x (width,) through all layers, in place; it sees itself and what is in the ring, which it joins."""
    keys, values = ring.keys, ring.values
    depth, heads, size, head_width = keys.shape
    width, half = len(x), head_width // 2
    place, seen = ring.seen[0] % size, min(ring.seen[0] + 1, size)
    ring.seen[0] += 1
    cosine, sine = np.empty(half, np.float32), np.empty(half, np.float32)
    for i in range(half):
        cosine[i], sine[i] = np.cos(time * speed[i]), np.sin(time * speed[i])
    parts, inner = np.empty(3 * width, np.float32), np.empty(4 * width, np.float32)
    found, scores, mixed = np.empty(width, np.float32), np.empty(size, np.float32), np.empty(width, np.float32)
    for layer in range(depth):
        product(layers.heads[layer], x, parts)
        scale = shrink(x, LEAST_SQUARE)
        for i in range(3 * width):
            parts[i] *= scale
        for begin in range(0, 2 * width, head_width):
            for i in range(half):
                one, other = parts[begin + i], parts[begin + half + i]
                parts[begin + i] = one * cosine[i] - other * sine[i]
                parts[begin + half + i] = other * cosine[i] + one * sine[i]
        for head in range(heads):
            query = parts[head * head_width : (head + 1) * head_width]
            mine, theirs = keys[layer, head], values[layer, head]
            for i in range(head_width):
                mine[place, i] = _half(parts[width + head * head_width + i])
                theirs[place, i] = _half(parts[2 * width + head * head_width + i])
            highest = np.float32(-np.inf)
            for token in range(seen):
                total = np.float32(0)
                for i in range(head_width):
                    total += _wide(mine[token, i]) * query[i]
                scores[token] = total
                highest = max(highest, total)
            whole = np.float32(0)
            for token in range(seen):
                scores[token] = exp(scores[token] - highest)
                whole += scores[token]
            for token in range(seen):
                scores[token] /= whole
            mix(theirs, scores[:seen], mixed[head * head_width : (head + 1) * head_width])
        product(layers.out[layer], mixed, found)
        for i in range(width):
            x[i] += found[i]
        product(layers.up[layer], x, inner)
        scale = shrink(x, LEAST_SQUARE)
        for i in range(4 * width):
            inner[i] = inner[i] * scale + layers.up_bias[layer, i]
        bend(inner)
        product(layers.down[layer], inner, found)
        for i in range(width):
            x[i] += found[i]


@_compiled
def choose(scores: Array, boldness: float, draw: float, least: float, spared: int) -> int:
    """The index of one of the scores (n,), which are logarithms of likelihoods, by a number drawn from 0 to 1.

    -inf is never chosen, nor what is less than `least` times as likely as the likeliest, but for the index `spared`.
    """
    best = 0
    for i in range(len(scores)):
        if scores[i] > scores[best]:
            best = i
    if boldness <= 0:
        return best
    highest, whole = scores[best], 0.0
    likelihood = np.empty(len(scores), np.float64)
    for i in range(len(scores)):
        likelihood[i] = math.exp((scores[i] - highest) / boldness)
        if likelihood[i] < least and i != spared:
            likelihood[i] = 0
        whole += likelihood[i]
    heap, drawn = 0.0, draw * whole
    for i in range(len(scores)):
        heap += likelihood[i]
        if heap > drawn:
            return i
    return best


@_compiled
def read_note(layers: Layers, ring: Ring, w: Writer, who: int, time: int, place: int, pitch: int, length: int) -> Array:
    """What the decoder makes of a note (width,); `time` is that of its bar."""
    x: Array = w.who[who] + w.says[3] + w.place[place] + w.pitch[who * PITCHES + pitch]
    x += w.pitch_class[pitch % 12] + w.length[length]
    show(layers, ring, w.speed, x, time + place)
    return x


@_compiled
def read_notes(layers: Layers, ring: Ring, w: Writer, who: int, time: int, notes: NDArray[np.uint8]) -> None:
    """Notes (notes, NOTE_COLUMNS) that are given."""
    for n in range(len(notes)):
        read_note(layers, ring, w, who, time, int(notes[n, 0]), int(notes[n, 1]), int(notes[n, 2]))


@_compiled
def answer(w: Writer, x: Array, made: Array) -> None:
    """x (width,), which the decoder made of a token, to what it says of the next note: made (places + 3 · width,)."""
    product(w.next, x, made)
    scale = shrink(x, LEAST_SQUARE)
    for i in range(len(made)):
        made[i] *= scale
    for i in range(len(w.place_bias)):
        made[i] += w.place_bias[i]


@_compiled
def pitches(w: Writer, made: Array, who: int, place: int, scores: Array) -> None:
    """Scores (128,) of the pitch of a note at `place`."""
    width, first = w.who.shape[1], len(w.place_bias)
    inner = made[first : first + width] + w.next_at[place, :width]
    bend(inner)
    product(w.next_pitch, inner, scores)
    for i in range(len(scores)):
        scores[i] += w.pitch_bias[who, i]


@_compiled
def lengths_and_velocities(w: Writer, made: Array, who: int, place: int, pitch: int, long: Array, loud: Array) -> None:
    """Scores (lengths,) and (velocities,) of a note at `place` and of `pitch`."""
    width, first = w.who.shape[1], len(w.place_bias)
    inner = made[first + width :] + w.next_at[place, width:] + w.next_of[who * PITCHES + pitch]
    bend(inner)
    product(w.next_length, inner[:width], long)
    product(w.next_velocity, inner[width:], loud)
    for i in range(len(loud)):
        loud[i] += w.velocity_bias[who, i]


@_compiled
def write_notes(
    layers: Layers,
    ring: Ring,
    w: Writer,
    x: Array,
    who: int,
    time: int,
    manner: Manner,
    guide: NDArray[np.uint8],
    follow: float,
    draws: NDArray[np.float64],
) -> NDArray[np.uint8]:
    """A bar's notes (notes, NOTE_COLUMNS), one after the other: never back in time, and upwards where several begin at
    once.

    x: (width,), what the decoder made of the bar's heading; guide: (notes, NOTE_COLUMNS), notes to follow, each choice
    with the likelihood `follow`; draws: (most notes, 5), numbers drawn from 0 to 1.
    """
    notes = np.zeros((len(draws), 4), np.uint8)
    made = np.empty(len(w.next), np.float32)
    high, long = np.empty(len(w.next_pitch), np.float32), np.empty(len(w.next_length), np.float32)
    loud = np.empty(len(w.next_velocity), np.float32)
    at, below, here, count = 0, -1, 0, 0
    while count < len(draws):
        draw, ahead = draws[count], -1
        followed = len(guide) > 0 and draw[0] < follow
        if followed:
            for g in range(len(guide)):
                if guide[g, 0] > at or (guide[g, 0] == at and guide[g, 1] > below):
                    ahead = g
                    break
            if ahead < 0 and count > 0:
                break
        if ahead >= 0:
            place, pitch = int(guide[ahead, 0]), int(guide[ahead, 1])
            length, velocity = int(guide[ahead, 2]), int(guide[ahead, 3])
        else:
            answer(w, x, made)
            for i in range(at + (1 if here >= manner.together or below >= PITCHES - 1 else 0)):
                made[i] = -np.inf
            fuller = max(0.0, count / manner.usual - 1)
            made[BAR_STEPS] = made[BAR_STEPS] + manner.fullness * fuller if count > 0 else -np.inf
            place = choose(made[: BAR_STEPS + 1], manner.bold, draw[1], manner.least, BAR_STEPS)
            if place == BAR_STEPS:
                break
            pitches(w, made, who, place, high)
            if place == at:
                high[: below + 1] = -np.inf
            pitch = choose(high, manner.bold, draw[2], manner.least, -1)
            lengths_and_velocities(w, made, who, place, pitch, long, loud)
            length = 0 if manner.struck else choose(long, manner.bold, draw[3], manner.least, -1)
            velocity = choose(loud, manner.bold, draw[4], 0.0, -1)
        notes[count, 0], notes[count, 1], notes[count, 2], notes[count, 3] = place, pitch, length, velocity
        count += 1
        here = here + 1 if place == at else 1
        at, below = place, pitch
        x = read_note(layers, ring, w, who, time, place, pitch, length)
    return notes[:count]
