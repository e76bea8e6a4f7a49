"""Bars that are read and written note by note, on several pages side by side: a compiled loop.

A page is a song's; what stands on it is one bar of one instrument. Whoever has a page complete takes it away and puts
the next bar there. Chooses notes; what a bar shall be is decided elsewhere.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.kernels import (
    RMS_EPSILON,
    Array,
    KVCache,
    LayerWeights,
    PackedBF16,
    choose,
    compiled,
    empty_kv_cache,
    forward_tokens,
    gelu,
    matmul,
    matvec,
    rms_scale,
)
from pianoroll_vae.music.bars import BAR_STEPS, NOTE_COLUMNS
from pianoroll_vae.music.notes import PITCHES

MOST_NOTES = 96
"""In a bar of one instrument that is written, whatever the networks say."""

EMPTY, AHEAD, READ, COMPLETE = range(4)
"""States of a page: nothing stands there; a token is to be read; it was; all is said."""

WRITTEN = -1


class DecoderWeights(NamedTuple):
    """What the decoder knows beside its layers; (rows, width) each unless said otherwise."""

    speed: NDArray[np.float64]
    """(head_width / 2,): radians a sixteenth."""

    instrument: Array
    kind: Array
    place: Array
    pitch: Array
    pitch_class: Array
    length: Array

    next: PackedBF16
    """(width / 2, places + 3 · width): scores of the next note's place, and what its other parts have in common."""

    place_bias: Array
    """(places,)"""

    next_at: Array
    """(places - 1, 3 · width)"""

    next_of: Array
    """(players · 128, 2 · width)"""

    next_pitch: PackedBF16
    pitch_bias: Array
    """(players, 128)"""

    next_length: PackedBF16
    next_velocity: PackedBF16
    velocity_bias: Array
    """(players, velocities)"""


class SamplingLimits(NamedTuple):
    """How notes are chosen; see `choices` and `state` for why."""

    min_p: float
    fullness: float
    together: int
    """Notes that begin at once, at most."""


class DecodeBatch(NamedTuple):
    """What stands on each page; (pages,) unless said otherwise."""

    kv_cache: KVCache
    x: Array
    """(pages, width): the token ahead, or what the decoder made of it."""

    at: NDArray[np.int64]
    """The token's time."""

    state: NDArray[np.int64]
    instrument: NDArray[np.int64]
    time: NDArray[np.int64]
    """Of the bar."""

    notes: NDArray[np.uint8]
    """(pages, MOST_NOTES, NOTE_COLUMNS)"""

    so_far: NDArray[np.int64]
    """Notes that were read or written."""

    given: NDArray[np.int64]
    """Notes that are there to be read; `WRITTEN`: they are to be written."""

    bold: NDArray[np.float64]
    usual: NDArray[np.float64]
    """Notes in a bar of this instrument."""

    struck: NDArray[np.bool_]
    """Lengths are all one."""

    guide: NDArray[np.uint8]
    """(pages, MOST_NOTES, NOTE_COLUMNS): notes to follow, each choice with the likelihood `follow`."""

    guided: NDArray[np.int64]
    """How many they are."""

    follow: NDArray[np.float64]
    draws: NDArray[np.float64]
    """(pages, MOST_NOTES, 5): numbers drawn from 0 to 1."""


def empty_batch(batch: int, layers: int, heads: int, width: int, tokens: int) -> DecodeBatch:
    def numbers() -> NDArray[np.int64]:
        return np.zeros(batch, np.int64)

    def notes() -> NDArray[np.uint8]:
        return np.zeros((batch, MOST_NOTES, NOTE_COLUMNS), np.uint8)

    return DecodeBatch(
        empty_kv_cache(batch, layers, heads, width // heads, tokens),
        x=np.zeros((batch, width), np.float32),
        at=numbers(),
        state=numbers(),
        instrument=numbers(),
        time=numbers(),
        notes=notes(),
        so_far=numbers(),
        given=numbers(),
        bold=np.zeros(batch),
        usual=np.zeros(batch),
        struck=np.zeros(batch, np.bool_),
        guide=notes(),
        guided=numbers(),
        follow=np.zeros(batch),
        draws=np.zeros((batch, MOST_NOTES, 5)),
    )


@compiled
def decode_until_done(layers: LayerWeights, w: DecoderWeights, manner: SamplingLimits, batch: DecodeBatch) -> None:
    """Read and write on all pages until one of them is complete."""
    rows, width = np.empty(len(batch.state), np.int64), batch.x.shape[1]
    while True:
        writing = 0
        for page in range(len(rows)):
            if batch.state[page] == READ:
                if batch.given[page] == WRITTEN:
                    rows[writing] = page
                    writing += 1
                elif batch.so_far[page] < batch.given[page]:
                    _put_ahead(w, batch, page)
                else:
                    batch.state[page] = COMPLETE
        if writing > 0:
            _write(w, manner, batch, rows[:writing])
        ahead, complete = 0, False
        for page in range(len(rows)):
            complete = complete or batch.state[page] == COMPLETE
            if batch.state[page] == AHEAD:
                rows[ahead] = page
                ahead += 1
        if complete or ahead == 0:
            return
        x, at = np.empty((ahead, width), np.float32), np.empty(ahead, np.int64)
        for row in range(ahead):
            x[row], at[row] = batch.x[rows[row]], batch.at[rows[row]]
        forward_tokens(layers, batch.kv_cache, w.speed, rows[:ahead], x, at)
        for row in range(ahead):
            batch.x[rows[row]] = x[row]
            batch.state[rows[row]] = READ


@compiled
def _put_ahead(w: DecoderWeights, batch: DecodeBatch, page: int) -> None:
    """The next note of the page becomes a token."""
    instrument, note = batch.instrument[page], batch.notes[page, batch.so_far[page]]
    place, pitch = int(note[0]), int(note[1])
    x = batch.x[page]
    for i in range(len(x)):
        x[i] = w.instrument[instrument, i] + w.kind[3, i] + w.place[place, i] + w.pitch[instrument * PITCHES + pitch, i]
        x[i] += w.pitch_class[pitch % 12, i] + w.length[note[2], i]
    batch.at[page] = batch.time[page] + place
    batch.so_far[page] += 1
    batch.state[page] = AHEAD


@compiled
def _write(w: DecoderWeights, manner: SamplingLimits, batch: DecodeBatch, rows: NDArray[np.int64]) -> None:
    """Choose the next note of the pages `rows`, or that there is none."""
    x = np.empty((len(rows), batch.x.shape[1]), np.float32)
    for row in range(len(rows)):
        x[row] = batch.x[rows[row]]
    made = np.empty((len(rows), w.next.shape[1]), np.float32)
    answer(w, x, made)
    for row in range(len(rows)):
        page = rows[row]
        if _choose_note(w, manner, batch, page, made[row]):
            _put_ahead(w, batch, page)
        else:
            batch.state[page] = COMPLETE


@compiled
def answer(w: DecoderWeights, x: Array, made: Array) -> None:
    """x (tokens, width), which the decoder made, to what it says of the next notes, made (tokens, places + 3 ·
    width)."""
    matmul(w.next, x, made)
    for token in range(len(x)):
        scale = rms_scale(x[token], RMS_EPSILON)
        for i in range(made.shape[1]):
            made[token, i] *= scale
        for i in range(len(w.place_bias)):
            made[token, i] += w.place_bias[i]


@compiled
def pitches(w: DecoderWeights, made: Array, instrument: int, place: int, scores: Array) -> None:
    """Scores (128,) of the pitch of a note at `place`."""
    width, first = w.instrument.shape[1], len(w.place_bias)
    inner = made[first : first + width] + w.next_at[place, :width]
    gelu(inner)
    matvec(w.next_pitch, inner, scores)
    for i in range(len(scores)):
        scores[i] += w.pitch_bias[instrument, i]


@compiled
def lengths_and_velocities(
    w: DecoderWeights, made: Array, instrument: int, place: int, pitch: int, long: Array, loud: Array
) -> None:
    """Scores (lengths,) and (velocities,) of a note at `place` and of `pitch`."""
    width, first = w.instrument.shape[1], len(w.place_bias)
    inner = made[first + width :] + w.next_at[place, width:] + w.next_of[instrument * PITCHES + pitch]
    gelu(inner)
    matvec(w.next_length, inner[:width], long)
    matvec(w.next_velocity, inner[width:], loud)
    for i in range(len(loud)):
        loud[i] += w.velocity_bias[instrument, i]


@compiled
def _choose_note(w: DecoderWeights, manner: SamplingLimits, batch: DecodeBatch, page: int, made: Array) -> bool:
    """Put the next note on the page, never back in time, and upwards where several begin at once; False: the bar is
    over. made (places + 3 · width,): what the decoder says of it."""
    instrument, count, notes, bold = batch.instrument[page], batch.so_far[page], batch.notes[page], batch.bold[page]
    if count == len(notes):
        return False
    at, below, here = 0, -1, 0
    if count > 0:
        at, below = int(notes[count - 1, 0]), int(notes[count - 1, 1])
        while here < count and notes[count - 1 - here, 0] == at:
            here += 1
    draw, guide = batch.draws[page, count], batch.guide[page, : batch.guided[page]]
    if len(guide) > 0 and draw[0] < batch.follow[page]:
        for ahead in range(len(guide)):
            if guide[ahead, 0] > at or (guide[ahead, 0] == at and guide[ahead, 1] > below):
                notes[count] = guide[ahead]
                return True
        if count > 0:
            return False
    for i in range(at + (1 if here >= manner.together or below >= PITCHES - 1 else 0)):
        made[i] = -np.inf
    fuller = max(0.0, count / batch.usual[page] - 1)
    made[BAR_STEPS] = made[BAR_STEPS] + manner.fullness * fuller if count > 0 else -np.inf
    place = choose(made[: BAR_STEPS + 1], bold, draw[1], manner.min_p, BAR_STEPS)
    if place == BAR_STEPS:
        return False
    high, long = np.empty(w.next_pitch.shape[1], np.float32), np.empty(w.next_length.shape[1], np.float32)
    loud = np.empty(w.next_velocity.shape[1], np.float32)
    pitches(w, made, instrument, place, high)
    if place == at:
        high[: below + 1] = -np.inf
    pitch = choose(high, bold, draw[2], manner.min_p, -1)
    lengths_and_velocities(w, made, instrument, place, pitch, long, loud)
    notes[count, 0], notes[count, 1] = place, pitch
    notes[count, 2] = 0 if batch.struck[page] else choose(long, bold, draw[3], manner.min_p, -1)
    notes[count, 3] = choose(loud, bold, draw[4], 0.0, -1)
    return True
