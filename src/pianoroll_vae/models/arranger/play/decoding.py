"""The decoding loop: reads given bars and samples new ones note by note, several songs as rows of a batch.

A row holds one bar of one instrument. The loop returns when at least one row has finished its bar; the caller takes the
bar's notes and puts the song's next bar into the row.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.array_views import corner, first_rows, part
from pianoroll_vae.models.arranger.play.decode_batch import (
    FINISHED,
    HAS_OUTPUTS,
    HAS_TOKEN,
    SAMPLED,
    DecodeBatch,
    DecoderWeights,
    NoteBuffers,
    NoteEmbeddings,
    NoteHeads,
)
from pianoroll_vae.models.arranger.play.dot_products import INPUTS
from pianoroll_vae.models.arranger.play.kernels import (
    Array,
    DirectCall,
    Int8Weight,
    add,
    gelu,
    matmul,
    njit,
    njit_inline,
    njit_inner,
    quantize_inputs,
)
from pianoroll_vae.models.arranger.play.transformer import LayerWeights, forward_tokens
from pianoroll_vae.models.arranger.sampling import (
    END_INDEX,
    LENGTH,
    NO_INDEX,
    PITCH,
    STEP,
    VELOCITY,
    SamplingLimits,
    change_new_classes,
    limit_pitches,
    limit_steps,
    sample_index,
)
from pianoroll_vae.models.arranger.tokens import END
from pianoroll_vae.music.bars import VELOCITIES, BarNotes
from pianoroll_vae.music.chord_labels import CHORDS, QUALITIES
from pianoroll_vae.music.notes import PITCHES

CHORD_QUALITIES = len(QUALITIES)


def decode_until_done(layers: LayerWeights, w: DecoderWeights, limits: SamplingLimits, batch: DecodeBatch) -> None:
    """Decode all rows until at least one is `FINISHED`."""
    kv_cache, x, position, read, outputs, *_ = batch
    while tokens := _next_notes(w.embeddings, w.heads, limits, *batch[1:]):
        _forward_tokens(layers, kv_cache, w.frequencies, read[:tokens], x, position, outputs)


@njit
def next_notes(
    embeddings: NoteEmbeddings,
    heads: NoteHeads,
    limits: SamplingLimits,
    x: Array,
    position: NDArray[np.int64],
    read: NDArray[np.int64],
    outputs: Array,
    rows: NDArray[np.void],
    chords: NDArray[np.int64],
    notes: NDArray[np.uint8],
    uniforms: NDArray[np.float64],
    buffers: NoteBuffers,
) -> int:
    """The next note of each row whose last token was read, sampled or given, becomes the row's next token. Returns how
    many rows are to be read; 0 if one is `FINISHED`. The arrays are those of the batch, but for its KV cache."""
    finished, tokens = False, 0
    for i in range(len(rows)):
        row = rows[i]
        if row.state == HAS_OUTPUTS:
            if row.given_count == SAMPLED:
                more = _sample_note(heads, limits, row, chords[i], notes[i], uniforms[i], outputs[row.read], buffers)
            else:
                more = row.note_count < row.given_count
            if more:
                position[i] = _embed_note(embeddings, row, chords[i], notes[i], x[i])
            else:
                row.state = FINISHED
        finished = finished or row.state == FINISHED
    if finished:
        return 0
    for i in range(len(rows)):
        row = rows[i]
        if row.state == HAS_TOKEN:
            read[tokens], row.read, row.state = i, tokens, HAS_OUTPUTS
            tokens += 1
    return tokens


_next_notes, _forward_tokens = DirectCall(next_notes), DirectCall(forward_tokens)


@njit_inline
def _embed_note(embeddings: NoteEmbeddings, row: Any, chords: NDArray[np.int64], notes: BarNotes, x: Array) -> int:
    """The row's next note becomes a token, whose position is returned."""
    by_velocity, by_step, by_pitch, by_pitch_class, by_length, by_chord, by_next_chord = embeddings
    note = notes[row.note_count]
    step, pitch, length = int(note[STEP]), int(note[PITCH]), int(note[LENGTH])
    half = 1 if step >= row.half else 0
    instrument, chord, next_chord = row.instrument, chords[half], chords[half + 1]
    velocity_row = instrument * VELOCITIES + int(note[VELOCITY])
    pitch_row, pitch_class = instrument * PITCHES + pitch, pitch % 12
    for i in range(len(x)):
        x[i] = by_velocity[velocity_row, i] + by_step[step, i] + by_pitch[pitch_row, i]
        x[i] += (
            by_pitch_class[pitch_class, i] + by_length[length, i] + by_chord[chord, i] + by_next_chord[next_chord, i]
        )
    row.note_count += 1
    row.state = HAS_TOKEN
    return int(row.bar_start + step)


@njit_inner
def add_and_gelu(x: Array, y: Array, z: Array) -> None:
    """x = gelu(x + y + z), (n,) each."""
    for i in range(len(x)):
        x[i] = x[i] + y[i] + z[i]
    gelu(x)


@njit_inner
def head(weight: Int8Weight, x: Array, buffers: NoteBuffers, out: Array) -> None:
    """The first of out (1, n or more) = weight (n, width) · x (width,)."""
    values, scale = weight
    inputs = values.shape[1] * INPUTS
    buffers.scale[0] = quantize_inputs(x, part(buffers.integers[0], 0, inputs))
    matmul(values, scale, corner(buffers.integers, 1, inputs), buffers.scale, corner(out, 1, len(scale)))


@njit_inner
def add_chord_tones(logits: Array, instrument: int, chord: int, strength: float, tones: Array) -> None:
    """Add to the logits (PITCHES,) of a note's pitch what its instrument has for this chord; tones: (instruments ·
    qualities, 12)."""
    if chord < CHORDS:
        root, row = chord // CHORD_QUALITIES, instrument * CHORD_QUALITIES + chord % CHORD_QUALITIES
        for i in range(len(logits)):
            logits[i] += strength * tones[row, (i - root) % 12]


@njit_inline
def _sample_note(
    heads: NoteHeads,
    limits: SamplingLimits,
    row: Any,
    chords: NDArray[np.int64],
    bar: BarNotes,
    bar_uniforms: NDArray[np.float64],
    outputs: Array,
    buffers: NoteBuffers,
) -> bool:
    """Add the next note to the row's `bar`, from the transformer's outputs, which change; False: the bar ends."""
    (
        step_bias,
        after_step,
        after_chord,
        after_pitch,
        pitch_head,
        pitch_bias,
        tones,
        length_head,
        velocity_head,
        velocity_bias,
    ) = heads  # once: each access to a field of a large tuple takes time to compile
    count, temperature = row.note_count, row.temperature
    if count == len(bar):
        return False
    notes, note, uniforms = first_rows(bar, count), bar[count], bar_uniforms[count]
    width, logits = (len(outputs) - (END + 1)) // 3, buffers.logits[0]
    steps, of_pitch = part(outputs, 0, END + 1), part(outputs, END + 1, width)
    of_others = part(outputs, END + 1 + width, 2 * width)
    add(steps, step_bias)
    last = int(notes[count - 1, STEP]) if count > 0 else 0
    steps[END] += row.end_change
    for i in range(last + 1, END + 1):
        steps[i] += row.later_change * (i - last)
    if count > 0:
        steps[last] += row.same_step_change
    limit_steps(steps, notes, row.mean_notes, row.bar_steps, limits)
    step = sample_index(steps, temperature, uniforms[1], limits.min_p, END_INDEX)
    if step == END:
        return False
    instrument, chord = row.instrument, chords[1 if step >= row.half else 0]
    add_and_gelu(of_pitch, part(after_step[step], 0, width), after_chord[chord])
    head(pitch_head, of_pitch, buffers, buffers.logits)
    add(logits, pitch_bias[instrument])
    add_chord_tones(logits, instrument, chord, row.chord_strength, tones)
    if count > 0:
        change_new_classes(logits, notes, row.new_class_change)
    limit_pitches(logits, notes, step)
    pitch = sample_index(logits, temperature, uniforms[2], limits.min_p, NO_INDEX)
    add_and_gelu(of_others, part(after_step[step], width, 2 * width), after_pitch[instrument * PITCHES + pitch])
    lengths, velocities = part(logits, 0, len(length_head.scale)), part(logits, 0, len(velocity_head.scale))
    note[STEP], note[PITCH], note[LENGTH] = step, pitch, 0
    if not row.fixed_length:
        head(length_head, part(of_others, 0, width), buffers, buffers.logits)
        note[LENGTH] = sample_index(lengths, temperature, uniforms[3], limits.min_p, NO_INDEX)
    head(velocity_head, part(of_others, width, width), buffers, buffers.logits)
    add(velocities, velocity_bias[instrument])
    note[VELOCITY] = sample_index(velocities, temperature, uniforms[4], 0.0, NO_INDEX)
    return True
