"""Changes a song by changing its latents: what both latents decode to alike stays as it was in the song.

A latent does not hold every note. What it decodes wrongly before the change is corrected in the same measure after it,
so that a small change of a latent is a small change of the song itself.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.parameters import CELLS, ONSET_THRESHOLD
from pianoroll_vae.models.arranger.play.bar_vae import BARS_PER_BATCH, BarVae, CellFeatures, Index, choose_onsets
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.latent_song import Cells, LatentSong, distinct_rows, sorted_notes
from pianoroll_vae.models.arranger.play.song_pitches import SongPitches
from pianoroll_vae.music.bars import LENGTHS, VELOCITIES, BarNotes, Bars
from pianoroll_vae.music.key import transpose_pitches
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR

NOISE_SCALE, NOISE_EXPONENT = 1.95, 0.68
"""How the share of noise in a latent grows: noise of 0.2, 0.5 and 1 leaves an onset F1 of about .8, .6 and .3."""

CORRECTION_MARGIN = 1.0
"""By how much a corrected logit lies on the right side of `ONSET_THRESHOLD`."""


def add_noise(song: LatentSong, source: Cells, noise: NDArray[np.float32], rng: np.random.Generator) -> Array:
    """The latents with `noise` (instruments,), the same for bars with the same `source` (bars, instruments).

    The latent is made smaller by as much as the noise adds, since the decoder has learned latents of variance 1: larger
    ones decode to notes that no song has.
    """
    drawn = rng.standard_normal(song.latents.shape, np.float32)
    same = drawn[np.maximum(source, 0), np.arange(source.shape[1])]
    share = np.tanh(NOISE_SCALE * noise**NOISE_EXPONENT)[:, None]
    return np.asarray(np.sqrt(1 - share**2) * song.latents + share * same, np.float32)


@dataclass(frozen=True, eq=False)
class LatentChange:
    """A song, and latents that take the place of its own."""

    vae: BarVae
    song: Bars
    before: LatentSong
    after: LatentSong
    drums: NDArray[np.bool_]
    """(instruments,)"""

    fidelity: NDArray[np.float32]
    """(instruments,): the share of the corrections that stay after the change."""

    counts: Cells | None = None
    """(bars, instruments): how many notes a changed bar has; None: the likely ones."""

    preference: float = 0.0
    """Added to the onset logits of the song's notes."""

    pitches: SongPitches | None = None
    """Whose logits are added to those of the onsets; None: nothing is."""

    steps: int | None = None
    """Where the song ends, in twelfths of a beat: no note begins after it in the last bar; None: with the last bar."""

    def apply(self, fixed: NDArray[np.bool_]) -> Bars:
        """The song with what the latents decode to differently, but in the bars `fixed` (bars, instruments)."""
        song, instruments = self.song, self.song.instruments
        rows = np.flatnonzero(self.after.plays & ~fixed)
        cells: list[BarNotes] = [
            song.cell(*divmod(row, instruments)) if fixed.flat[row] else song.notes[:0] for row in range(fixed.size)
        ]
        both = np.concatenate([each.rows[rows] for each in (self.after, self.before)], 1)
        distinct, place = distinct_rows(both, rows % instruments, self._counts_of(rows))
        changed: list[BarNotes] = []
        for begin in range(0, len(distinct), BARS_PER_BATCH):
            changed += self._change(rows[distinct[begin : begin + BARS_PER_BATCH]])
        for row, own in zip(rows.tolist(), place.tolist(), strict=True):
            cells[row] = changed[own]
        return Bars.from_cells(cells, instruments, song.lines)

    def _change(self, rows: Index) -> list[BarNotes]:
        """The notes of the cells `rows` (bar · instruments + instrument)."""
        instrument = rows % self.song.instruments
        semitones = np.where(self.drums[instrument], 0, self.before.semitones)
        old = self._notes_in_c(rows, semitones)
        was, now = (self.vae.features(each.rows[rows], instrument) for each in (self.before, self.after))
        logits = self.vae.onset_logits(now) + self._corrections(rows, old, self.vae.onset_logits(was))
        if self.pitches is not None:
            logits += np.tile(self.pitches.logits(rows), TWELFTHS_PER_BAR)
        logits[np.arange(CELLS) // PITCHES >= self._lengths[rows // self.song.instruments, None]] = -np.inf
        bar, cell = np.nonzero(choose_onsets(logits, self._counts_of(rows)) & (logits > -np.inf))
        classes = self._moved_classes(old, bar, cell, was, now)
        notes = np.stack([cell // PITCHES, cell % PITCHES, *classes], 1)
        notes[:, 1] = transpose_pitches(notes[:, 1], -semitones[bar])
        begins = np.searchsorted(bar, np.arange(len(rows) + 1))
        return [sorted_notes(notes[first:last]) for first, last in pairwise(begins.tolist())]

    @property
    def _lengths(self) -> NDArray[np.int64]:
        """(bars,): the steps of each bar in which notes may begin."""
        lengths = self.song.lines.lengths
        if self.steps is None:
            return lengths
        return np.minimum(lengths, np.maximum(self.steps - self.song.lines.edges[:-1], 1))

    def _counts_of(self, rows: Index) -> Index | None:
        return None if self.counts is None else self.counts.ravel()[rows]

    def _notes_in_c(self, rows: Index, semitones: Index) -> list[NDArray[np.int64]]:
        """The song's notes in each cell, transposed."""
        cells = []
        for row, shift in zip(rows.tolist(), semitones.tolist(), strict=True):
            notes = self.song.cell(*divmod(row, self.song.instruments)).astype(np.int64)
            notes[:, 1] = transpose_pitches(notes[:, 1], shift)
            cells.append(notes)
        return cells

    def _corrections(self, rows: Index, old: list[NDArray[np.int64]], logits: Array) -> Array:
        """What is added to the onset logits (cells, CELLS) of the new latents; logits: those of the old ones."""
        in_song = np.zeros(logits.shape, np.bool_)
        for row, notes in enumerate(old):
            in_song[row, notes[:, 0] * PITCHES + notes[:, 1]] = True
        missed = np.maximum(ONSET_THRESHOLD + CORRECTION_MARGIN - logits, 0) * in_song
        invented = np.minimum(ONSET_THRESHOLD - CORRECTION_MARGIN - logits, 0) * ~in_song
        kept = self.fidelity[rows % self.song.instruments] * self.before.plays.ravel()[rows]
        return np.asarray(kept[:, None] * (missed + invented) + np.float32(self.preference) * in_song, np.float32)

    def _moved_classes(
        self, old: list[NDArray[np.int64]], bar: Index, cell: Index, was: CellFeatures, now: CellFeatures
    ) -> tuple[Index, Index]:
        """Classes of length and velocity of the notes: those of the new latents, and for a note of the song its own,
        changed as those of its cell change."""
        before, after = (np.stack(self.vae.note_classes(each, bar, cell)) for each in (was, now))
        own = {
            (row, step * PITCHES + pitch): (length, velocity)
            for row, notes in enumerate(old)
            for step, pitch, length, velocity in notes.tolist()
        }
        for index, key in enumerate(zip(bar.tolist(), cell.tolist(), strict=True)):
            if key in own:
                after[:, index] += own[key] - before[:, index]
        return after[0].clip(0, len(LENGTHS) - 1), after[1].clip(0, VELOCITIES - 1)
