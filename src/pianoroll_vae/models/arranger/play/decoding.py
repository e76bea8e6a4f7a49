"""The compiled decoding loop: reads given bars and samples new ones note by note, several songs as rows of a batch.

A row holds one bar of one instrument. The loop returns when at least one row has finished its bar; the caller takes the
bar's notes and puts the song's next bar into the row.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.kernels import (
    Array,
    PackedBF16,
    gelu,
    matmul,
    matvec,
    njit,
    njit_inline,
    njit_inner,
    rms_scale,
)
from pianoroll_vae.models.arranger.play.transformer import (
    RMS_EPSILON,
    KVCache,
    LayerWeights,
    empty_kv_cache,
    forward_tokens,
)
from pianoroll_vae.models.arranger.sampling import (
    END_INDEX,
    LENGTH,
    MAX_NOTES,
    NO_INDEX,
    PITCH,
    STEP,
    UNIFORMS,
    VELOCITY,
    SamplingLimits,
    change_new_classes,
    limit_pitches,
    limit_steps,
    sample_index,
)
from pianoroll_vae.models.arranger.tokens import END, NOTE
from pianoroll_vae.music.bars import NOTE_COLUMNS
from pianoroll_vae.music.chord_labels import CHORDS, QUALITIES
from pianoroll_vae.music.notes import PITCHES

CHORD_QUALITIES = len(QUALITIES)

EMPTY, HAS_TOKEN, HAS_HIDDEN, FINISHED = range(4)
"""States of a row: unused; `x` is a token for the layers; `x` is their output; the bar has ended."""

SAMPLED = -1


class DecoderWeights(NamedTuple):
    """The decoder's embeddings and heads; (rows, width) unless a shape is given."""

    frequencies: NDArray[np.float64]
    """(head_width / 2,): of the rotary embedding, radians a twelfth of a beat."""

    instrument: Array
    kind: Array
    step: Array
    pitch: Array
    pitch_class: Array
    length: Array

    chord: Array
    """By the chord at the token."""

    next_chord: Array
    """By the chord of the half bar after it."""

    after_chord: Array
    """Added to the inputs of the pitch's head: by the chord at the note's step."""

    chord_tone: Array
    """(instruments · qualities, 12): added to the pitch's logits by the semitones above the chord's root."""

    outputs: PackedBF16
    """(width / 2, END + 1 + 3 · width): logits of the next note's step, inputs of the other heads."""

    step_bias: Array
    """(END + 1,)"""

    after_step: Array
    """(TWELFTHS_PER_BAR, 3 · width): added to the inputs of the heads once the step is known."""

    after_pitch: Array
    """(instruments · 128, 2 · width): added to those of length and velocity once the pitch is known."""

    pitch_head: PackedBF16
    pitch_bias: Array
    """(instruments, 128)"""

    length_head: PackedBF16
    velocity_head: PackedBF16
    velocity_bias: Array
    """(instruments, VELOCITIES)"""


class DecodeBatch(NamedTuple):
    """The bars that are being decoded; (batch,) unless a shape is given."""

    kv_cache: KVCache
    x: Array
    """(batch, width): the next token, or the layers' output for the last one."""

    position: NDArray[np.int64]
    """Of that token: twelfths from the beginning of the song."""

    state: NDArray[np.int64]
    instrument: NDArray[np.int64]
    bar_start: NDArray[np.int64]
    """Twelfths from the beginning of the song."""

    bar_steps: NDArray[np.int64]
    """Places of the bar that it does not leave empty."""

    half: NDArray[np.int64]
    """The place at which the second half of the bar begins."""

    chords: NDArray[np.int64]
    """(batch, 3): labels of the bar's half bars and of the half bar after them."""

    chord_strength: NDArray[np.float64]
    """Factor of the logits of chord tones; 1 is what was learned."""

    notes: NDArray[np.uint8]
    """(batch, MAX_NOTES, NOTE_COLUMNS)"""

    note_count: NDArray[np.int64]
    """Notes read or sampled so far."""

    given_count: NDArray[np.int64]
    """Notes that are given and only read, or `SAMPLED`."""

    temperature: NDArray[np.float64]
    mean_notes: NDArray[np.float64]
    """Notes a bar of this instrument in this song."""

    fixed_length: NDArray[np.bool_]
    """Drums: every length is class 0."""

    uniforms: NDArray[np.float64]
    """(batch, MAX_NOTES, UNIFORMS), in [0, 1)"""

    end_change: NDArray[np.float64]
    """What is added to logits, see `NoteLogits`."""

    later_change: NDArray[np.float64]

    same_step_change: NDArray[np.float64]
    new_class_change: NDArray[np.float64]


def empty_batch(batch: int, layers: int, heads: int, width: int, tokens: int) -> DecodeBatch:
    def integers() -> NDArray[np.int64]:
        return np.zeros(batch, np.int64)

    return DecodeBatch(
        empty_kv_cache(batch, layers, heads, width // heads, tokens),
        x=np.zeros((batch, width), np.float32),
        position=integers(),
        state=integers(),
        instrument=integers(),
        bar_start=integers(),
        bar_steps=integers(),
        half=integers(),
        chords=np.zeros((batch, 3), np.int64),
        chord_strength=np.ones(batch),
        notes=np.zeros((batch, MAX_NOTES, NOTE_COLUMNS), np.uint8),
        note_count=integers(),
        given_count=integers(),
        temperature=np.zeros(batch),
        mean_notes=np.zeros(batch),
        fixed_length=np.zeros(batch, np.bool_),
        uniforms=np.zeros((batch, MAX_NOTES, UNIFORMS)),
        end_change=np.zeros(batch),
        later_change=np.zeros(batch),
        same_step_change=np.zeros(batch),
        new_class_change=np.zeros(batch),
    )


@njit
def decode_until_done(layers: LayerWeights, w: DecoderWeights, limits: SamplingLimits, batch: DecodeBatch) -> None:
    """Decode all rows until at least one is `FINISHED`."""
    rows, width = np.empty(len(batch.state), np.int64), batch.x.shape[1]
    while True:
        sampling = 0
        for row in range(len(rows)):
            if batch.state[row] == HAS_HIDDEN:
                if batch.given_count[row] == SAMPLED:
                    rows[sampling] = row
                    sampling += 1
                elif batch.note_count[row] < batch.given_count[row]:
                    _embed_note(w, batch, row)
                else:
                    batch.state[row] = FINISHED
        if sampling > 0:
            _sample_notes(w, limits, batch, rows[:sampling])
        tokens, finished = 0, False
        for row in range(len(rows)):
            finished = finished or batch.state[row] == FINISHED
            if batch.state[row] == HAS_TOKEN:
                rows[tokens] = row
                tokens += 1
        if finished or tokens == 0:
            return
        x, position = np.empty((tokens, width), np.float32), np.empty(tokens, np.int64)
        for token in range(tokens):
            position[token] = batch.position[rows[token]]
            for i in range(width):
                x[token, i] = batch.x[rows[token], i]
        forward_tokens(layers, batch.kv_cache, w.frequencies, rows[:tokens], x, position)
        for token in range(tokens):
            for i in range(width):
                batch.x[rows[token], i] = x[token, i]
            batch.state[rows[token]] = HAS_HIDDEN


@njit_inner
def _embed_note(w: DecoderWeights, batch: DecodeBatch, row: int) -> None:
    """The row's next note becomes a token."""
    instrument, note = batch.instrument[row], batch.notes[row, batch.note_count[row]]
    step, pitch = int(note[STEP]), int(note[PITCH])
    half = 1 if step >= batch.half[row] else 0
    chord, next_chord = batch.chords[row, half], batch.chords[row, half + 1]
    x = batch.x[row]
    for i in range(len(x)):
        x[i] = (
            w.instrument[instrument, i] + w.kind[NOTE, i] + w.step[step, i] + w.pitch[instrument * PITCHES + pitch, i]
        )
        x[i] += (
            w.pitch_class[pitch % 12, i] + w.length[note[LENGTH], i] + w.chord[chord, i] + w.next_chord[next_chord, i]
        )
    batch.position[row] = batch.bar_start[row] + step
    batch.note_count[row] += 1
    batch.state[row] = HAS_TOKEN


@njit_inline
def _sample_notes(w: DecoderWeights, limits: SamplingLimits, batch: DecodeBatch, rows: NDArray[np.int64]) -> None:
    """Sample the next note, or the bar's end, of each of `rows`."""
    x = np.empty((len(rows), batch.x.shape[1]), np.float32)
    for i in range(len(rows)):
        for j in range(x.shape[1]):
            x[i, j] = batch.x[rows[i], j]
    outputs = np.empty((len(rows), w.outputs.shape[1]), np.float32)
    decoder_outputs(w, x, outputs)
    for i in range(len(rows)):
        row = rows[i]
        if _sample_note(w, limits, batch, row, outputs[i]):
            _embed_note(w, batch, row)
        else:
            batch.state[row] = FINISHED


@njit_inline
def decoder_outputs(w: DecoderWeights, x: Array, outputs: Array) -> None:
    """The layers' outputs x (tokens, width) to `outputs` (tokens, END + 1 + 3 · width): the logits of the next note's
    step, then the inputs of the heads of pitch, length and velocity."""
    matmul(w.outputs, x, outputs)
    for token in range(len(x)):
        scale = rms_scale(x[token], RMS_EPSILON)
        for i in range(outputs.shape[1]):
            outputs[token, i] *= scale
        for i in range(len(w.step_bias)):
            outputs[token, i] += w.step_bias[i]


@njit_inline
def pitch_logits(
    w: DecoderWeights, outputs: Array, instrument: int, step: int, chord: int, strength: float, logits: Array
) -> None:
    """Logits (PITCHES,) of a note at `step`, where the chord has this label; outputs: of one token."""
    width, first = w.instrument.shape[1], len(w.step_bias)
    hidden = np.empty(width, np.float32)
    for i in range(width):
        hidden[i] = outputs[first + i] + w.after_step[step, i] + w.after_chord[chord, i]
    gelu(hidden)
    matvec(w.pitch_head, hidden, logits)
    for i in range(len(logits)):
        logits[i] += w.pitch_bias[instrument, i]
    if chord < CHORDS:
        root, tones = chord // CHORD_QUALITIES, w.chord_tone[instrument * CHORD_QUALITIES + chord % CHORD_QUALITIES]
        for i in range(len(logits)):
            logits[i] += strength * tones[(i - root) % 12]


@njit_inline
def length_and_velocity_logits(
    w: DecoderWeights, outputs: Array, instrument: int, step: int, pitch: int, length: Array, velocity: Array
) -> None:
    """Logits (lengths,) and (VELOCITIES,) of a note at `step` and of `pitch`; outputs: of one token."""
    width, first = w.instrument.shape[1], len(w.step_bias)
    hidden, row = np.empty(2 * width, np.float32), instrument * PITCHES + pitch
    for i in range(2 * width):
        hidden[i] = outputs[first + width + i] + w.after_step[step, width + i] + w.after_pitch[row, i]
    gelu(hidden)
    matvec(w.length_head, hidden[:width], length)
    matvec(w.velocity_head, hidden[width:], velocity)
    for i in range(len(velocity)):
        velocity[i] += w.velocity_bias[instrument, i]


@njit_inline
def _sample_note(w: DecoderWeights, limits: SamplingLimits, batch: DecodeBatch, row: int, outputs: Array) -> bool:
    """Add the next note to the row, from `outputs` (END + 1 + 3 · width,), which are changed; False: the bar ends."""
    instrument, count, temperature = batch.instrument[row], batch.note_count[row], batch.temperature[row]
    if count == batch.notes.shape[1]:
        return False
    notes, note, uniforms = batch.notes[row, :count], batch.notes[row, count], batch.uniforms[row, count]
    steps = outputs[: END + 1]
    last = int(notes[count - 1, STEP]) if count > 0 else 0
    steps[END] += batch.end_change[row]
    for i in range(last + 1, END + 1):
        steps[i] += batch.later_change[row] * (i - last)
    if count > 0:
        steps[last] += batch.same_step_change[row]
    limit_steps(steps, notes, batch.mean_notes[row], batch.bar_steps[row], limits)
    step = sample_index(steps, temperature, uniforms[1], limits.min_p, END_INDEX)
    if step == END:
        return False
    pitches = np.empty(w.pitch_head.shape[1], np.float32)
    chord = batch.chords[row, 1 if step >= batch.half[row] else 0]
    pitch_logits(w, outputs, instrument, step, chord, batch.chord_strength[row], pitches)
    if count > 0:
        change_new_classes(pitches, notes, batch.new_class_change[row])
    limit_pitches(pitches, notes, step)
    pitch = sample_index(pitches, temperature, uniforms[2], limits.min_p, NO_INDEX)
    lengths, velocities = np.empty(w.length_head.shape[1], np.float32), np.empty(w.velocity_head.shape[1], np.float32)
    length_and_velocity_logits(w, outputs, instrument, step, pitch, lengths, velocities)
    note[STEP], note[PITCH] = step, pitch
    note[LENGTH] = (
        0 if batch.fixed_length[row] else sample_index(lengths, temperature, uniforms[3], limits.min_p, NO_INDEX)
    )
    note[VELOCITY] = sample_index(velocities, temperature, uniforms[4], 0.0, NO_INDEX)
    return True
