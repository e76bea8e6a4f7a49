"""Decodes the bars of several songs as rows of one batch.

A song is a generator: it yields one bar's request after another and is sent the notes of each. It holds a row until it
ends; the row then goes to the next song. What a song becomes does not depend on the songs in other rows.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.play.decode_batch import (
    EMPTY,
    FINISHED,
    HAS_OUTPUTS,
    HAS_TOKEN,
    SAMPLED,
    BatchRow,
    DecoderWeights,
    empty_batch,
)
from pianoroll_vae.models.arranger.play.decoding import decode_until_done
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.trait_control import NO_CHANGE, NoteLogits
from pianoroll_vae.models.arranger.play.weights import PlayWeights
from pianoroll_vae.models.arranger.sampling import MAX_NOTES, SAMPLING_LIMITS
from pianoroll_vae.music.bar_lines import HALF_BAR
from pianoroll_vae.music.bars import NOTE_COLUMNS, BarNotes
from pianoroll_vae.music.chord_labels import NO_CHORD
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

NO_NOTES: BarNotes = np.zeros((0, NOTE_COLUMNS), np.uint8)


@dataclass(frozen=True)
class SamplingParams:
    """How the notes of a bar are sampled, as in `decoding.DecodeBatch`."""

    temperature: float
    mean_notes: float
    fixed_length: bool
    uniforms: NDArray[np.float64]
    """(MAX_NOTES, UNIFORMS)"""

    chord_strength: float = 1.0
    traits: NoteLogits = NO_CHANGE


@dataclass(frozen=True)
class BarRequest:
    """One bar of one instrument: its heading (width,), then `notes` that the decoder reads, or notes that it samples
    with `sampling`; a bar that rests or repeats has neither."""

    instrument: int
    bar: int
    heading: Array
    notes: BarNotes = field(default_factory=lambda: NO_NOTES)
    sampling: SamplingParams | None = None
    chords: NDArray[np.int64] = field(default_factory=lambda: np.full(3, NO_CHORD))
    """(3,): labels of the bar's half bars and of the half bar after them."""

    bar_steps: int = TWELFTHS_PER_BAR
    half: int = HALF_BAR
    """The place at which the second half bar begins."""


SongBars = Generator[BarRequest, BarNotes, None]


class BatchDecoder:
    """`batch_size`: songs that are decoded side by side; decoder_weights: those of `weights`, or changed ones."""

    def __init__(self, weights: PlayWeights, batch_size: int, decoder_weights: DecoderWeights | None = None) -> None:
        decoder = weights.decoder
        self.layers, self.decoder_weights = decoder.layers, decoder_weights or weights.decoder_weights
        self.batch = empty_batch(decoder.empty_kv_cache(batch_size))
        self._songs: list[SongBars | None] = [None] * batch_size
        self._unread: list[BarNotes] = [NO_NOTES] * batch_size
        """Given notes for which a row, which has room for MAX_NOTES, had none yet."""

    def decode(self, songs: Iterator[SongBars]) -> None:
        """Decode songs to their ends."""
        for row in range(len(self._songs)):
            self._start_song(row, songs)
        while any(song is not None for song in self._songs):
            decode_until_done(self.layers, self.decoder_weights, SAMPLING_LIMITS, self.batch)
            for row in np.flatnonzero(self.batch.rows["state"] == FINISHED).tolist():
                self._finish_bar(row, songs)

    def _start_song(self, row: int, songs: Iterator[SongBars]) -> None:
        """Give the row to the next song that has a bar to decode."""
        self.batch.kv_cache.token_count[row], self.batch.rows[row]["state"], self._songs[row] = 0, EMPTY, None
        for song in songs:
            for request in song:
                self._songs[row] = song
                self._load(row, request)
                return

    def _finish_bar(self, row: int, songs: Iterator[SongBars]) -> None:
        song, batch = self._songs[row], self.batch
        assert song is not None
        if len(self._unread[row]):
            self._load_notes(row, self._unread[row])
            batch.rows[row]["state"] = HAS_OUTPUTS
            return
        try:
            request = song.send(batch.notes[row, : batch.rows[row]["note_count"]].copy())
        except StopIteration:
            self._start_song(row, songs)
        else:
            self._load(row, request)

    def _load(self, row: int, request: BarRequest) -> None:
        batch, sampling, start = self.batch, request.sampling, request.bar * TWELFTHS_PER_BAR
        batch.x[row], batch.chords[row], batch.position[row] = request.heading, request.chords, start
        of_bar = HAS_TOKEN, request.instrument, start, request.bar_steps, request.half
        if sampling is None:
            batch.rows[row] = BatchRow(*of_bar, given_count=0)
            self._load_notes(row, request.notes)
            return
        batch.uniforms[row] = sampling.uniforms
        batch.rows[row] = BatchRow(
            *of_bar,
            given_count=SAMPLED,
            fixed_length=sampling.fixed_length,
            chord_strength=sampling.chord_strength,
            temperature=sampling.temperature,
            mean_notes=sampling.mean_notes,
            end_change=sampling.traits.end,
            later_change=sampling.traits.later,
            same_step_change=sampling.traits.same_step,
            new_class_change=sampling.traits.new_class,
        )

    def _load_notes(self, row: int, notes: BarNotes) -> None:
        notes, self._unread[row] = notes[:MAX_NOTES], notes[MAX_NOTES:]
        fields = self.batch.rows[row]
        self.batch.notes[row, : len(notes)] = notes
        fields["note_count"], fields["given_count"] = 0, len(notes)
