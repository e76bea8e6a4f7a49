"""What the decoding loop works on: a batch of bars, a row each, and the decoder's weights beside its layers."""

from typing import NamedTuple, get_type_hints

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.kernels import Array, Int8Weight, padded
from pianoroll_vae.models.arranger.play.transformer import KVCache
from pianoroll_vae.models.arranger.sampling import MAX_NOTES, UNIFORMS
from pianoroll_vae.models.arranger.tokens import END
from pianoroll_vae.music.bars import NOTE_COLUMNS
from pianoroll_vae.music.notes import PITCHES

EMPTY, HAS_TOKEN, HAS_OUTPUTS, FINISHED = range(4)
"""States of a row: unused; `x` is to be read; `outputs` are those of the last token; the bar has ended."""

SAMPLED = -1


class NoteEmbeddings(NamedTuple):
    """What a note adds to its token, (rows, width) each."""

    velocity: Array
    """By instrument and velocity, (instruments · VELOCITIES, width), with what all notes of the instrument add."""

    step: Array
    pitch: Array
    pitch_class: Array
    length: Array
    chord: Array
    """By the chord at the token."""

    next_chord: Array
    """By the chord of the half bar after it."""


class NoteHeads(NamedTuple):
    """The heads of the next note, after that of the transformer, whose outputs (END + 1 + 3 · width,) are logits of the
    note's step and inputs of the other heads."""

    step_bias: Array
    """(END + 1,)"""

    after_step: Array
    """(TWELFTHS_PER_BAR, 3 · width): added to the inputs of the other heads once the step is known."""

    after_chord: Array
    """(chords, width): added to the inputs of the pitch's head: by the chord at the note's step."""

    after_pitch: Array
    """(instruments · 128, 2 · width): added to those of length and velocity once the pitch is known."""

    pitch: Int8Weight
    pitch_bias: Array
    """(instruments, 128)"""

    chord_tone: Array
    """(instruments · qualities, 12): added to the pitch's logits by the semitones above the chord's root."""

    length: Int8Weight
    velocity: Int8Weight
    velocity_bias: Array
    """(instruments, VELOCITIES)"""


class DecoderWeights(NamedTuple):
    """What the decoder has beside its transformer layers."""

    frequencies: NDArray[np.float64]
    """(head_width / 2,): of the rotary embedding, radians a twelfth of a beat."""

    embeddings: NoteEmbeddings
    heads: NoteHeads


class BatchRow(NamedTuple):
    """The numbers of a row, which are fields of one array: each array that is passed takes time to compile."""

    state: int
    instrument: int
    bar_start: int
    """Twelfths from the beginning of the song."""

    bar_steps: int
    """Places of the bar that it does not leave empty."""

    half: int
    """The place at which the second half of the bar begins."""

    given_count: int
    """Notes that are given and only read, or `SAMPLED`."""

    note_count: int = 0
    """Notes read or sampled so far."""

    read: int = 0
    """The place in `outputs` of what was read last."""

    fixed_length: int = 0
    """1 for drums: every length is class 0."""

    chord_strength: float = 1.0
    """Factor of the logits of chord tones; 1 is what was learned."""

    temperature: float = 1.0
    mean_notes: float = 0.0
    """Notes a bar of this instrument in this song."""

    end_change: float = 0.0
    """What is added to logits, see `NoteLogits`."""

    later_change: float = 0.0
    same_step_change: float = 0.0
    new_class_change: float = 0.0


BATCH_ROW = np.dtype(
    [(name, np.float64 if kind is float else np.int64) for name, kind in get_type_hints(BatchRow).items()]
)


class NoteBuffers(NamedTuple):
    """Arrays that one note after the other overwrites."""

    logits: Array
    """(1, PITCHES)"""

    integers: NDArray[np.int16]
    """(1, padded width)"""

    scale: Array
    """(1,)"""


class DecodeBatch(NamedTuple):
    """The bars that are being decoded."""

    kv_cache: KVCache
    x: Array
    """(batch, width): the next token"""

    position: NDArray[np.int64]
    """(batch,), of the next token: twelfths from the beginning of the song"""

    read: NDArray[np.int64]
    """(batch,): the rows whose tokens are read next come first"""

    outputs: Array
    """(batch, END + 1 + 3 · width): what the transformer's head makes of the tokens that were read, in their order"""

    rows: NDArray[np.void]
    """(batch,) of `BATCH_ROW`"""

    chords: NDArray[np.int64]
    """(batch, 3): labels of the bar's half bars and of the half bar after them."""

    notes: NDArray[np.uint8]
    """(batch, MAX_NOTES, NOTE_COLUMNS)"""

    uniforms: NDArray[np.float64]
    """(batch, MAX_NOTES, UNIFORMS), in [0, 1)"""

    buffers: NoteBuffers


def empty_batch(kv_cache: KVCache) -> DecodeBatch:
    """Of as many rows as the KV cache has songs."""
    batch, width = kv_cache.buffers.normed.shape
    return DecodeBatch(
        kv_cache,
        x=np.zeros((batch, width), np.float32),
        position=np.zeros(batch, np.int64),
        read=np.zeros(batch, np.int64),
        outputs=np.zeros((batch, END + 1 + 3 * width), np.float32),
        rows=np.zeros(batch, BATCH_ROW),
        chords=np.zeros((batch, 3), np.int64),
        notes=np.zeros((batch, MAX_NOTES, NOTE_COLUMNS), np.uint8),
        uniforms=np.zeros((batch, MAX_NOTES, UNIFORMS)),
        buffers=NoteBuffers(
            np.zeros((1, PITCHES), np.float32),
            np.zeros((1, padded(width)), np.int16),
            np.zeros(1, np.float32),
        ),
    )
