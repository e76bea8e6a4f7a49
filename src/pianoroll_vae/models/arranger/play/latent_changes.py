"""Changes a song by changing its latents: what both latents decode to alike stays as it was in the song.

A latent does not hold every note. What it decodes wrongly before the change is corrected in the same measure after it,
so that a small change of a latent is a small change of the song itself.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.parameters import ONSET_LOGIT
from pianoroll_vae.models.arranger.play.bar_vae import BARS_AT_ONCE, BarVae, Index, choose_onsets
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.models.arranger.play.latent_song import Cells, LatentSong, distinct_rows, sorted_notes
from pianoroll_vae.music.bars import LENGTHS, VELOCITIES, BarNotes, Bars
from pianoroll_vae.music.key import transpose_pitches
from pianoroll_vae.music.notes import PITCHES

NOISE_SCALE, NOISE_EXPONENT = 1.9, 0.7
"""Standard deviations of the noise that is added to latents, at noise 1 and as noise grows: noise of 0.2, 0.5 and 1
leaves an onset F1 of about .8, .6 and .3."""

CORRECTION_MARGIN = 1.0
"""By how much a corrected logit lies on the right side of `ONSET_LOGIT`."""


def add_noise(
    song: LatentSong, source: NDArray[np.int32], noise: NDArray[np.float32], rng: np.random.Generator
) -> Array:
    """The latents with `noise` (instruments,), see `NOISE_SCALE`; the same for bars with the same `source` (bars,
    instruments)."""
    drawn = rng.standard_normal(song.latents.shape, np.float32)
    same = drawn[np.maximum(source, 0), np.arange(source.shape[1])]
    spread = NOISE_SCALE * noise**NOISE_EXPONENT
    return np.asarray(song.latents + spread[:, None] * same, np.float32)


def change_song(
    vae: BarVae,
    song: Bars,
    before: LatentSong,
    after: LatentSong,
    drums: NDArray[np.bool_],
    fidelity: NDArray[np.float32],
    counts: Cells | None,
    fixed: NDArray[np.bool_],
    preference: float = 0.0,
) -> Bars:
    """The song with what its latents `before` and `after` decode to differently.

    fidelity: (instruments,), the share of the corrections that stay after the change; counts: (bars,
    instruments), how many notes a changed bar has; None: the likely ones; fixed: (bars, instruments), bars that stay.
    preference: added to the onset logits of the song's notes.
    """
    instruments, rows = song.instruments, np.flatnonzero(after.plays & ~fixed)
    cells: list[BarNotes] = [
        song.cell(*divmod(row, instruments)) if fixed.flat[row] else song.notes[:0] for row in range(fixed.size)
    ]
    both = np.concatenate([each.rows[rows] for each in (after, before)], 1)
    distinct, place = distinct_rows(both, rows % instruments, None if counts is None else counts.ravel()[rows])
    changed: list[BarNotes] = []
    for begin in range(0, len(distinct), BARS_AT_ONCE):
        part = rows[distinct[begin : begin + BARS_AT_ONCE]]
        changed += _change_bars(vae, song, before, after, drums, fidelity, counts, part, preference)
    for row, own in zip(rows.tolist(), place.tolist(), strict=True):
        cells[row] = changed[own]
    return Bars.from_cells(cells, instruments)


def _change_bars(
    vae: BarVae,
    song: Bars,
    before: LatentSong,
    after: LatentSong,
    drums: NDArray[np.bool_],
    fidelity: NDArray[np.float32],
    counts: Cells | None,
    rows: Index,
    preference: float,
) -> list[BarNotes]:
    """The notes of the cells `rows` (bar · instruments + instrument)."""
    instrument = rows % song.instruments
    shift = np.where(drums[instrument], 0, before.semitones)
    old = [song.cell(*divmod(row, song.instruments)).astype(np.int64) for row in rows.tolist()]
    for notes, semitones in zip(old, shift.tolist(), strict=True):
        notes[:, 1] = transpose_pitches(notes[:, 1], semitones)
    was, now = (vae.features(each.rows[rows], instrument) for each in (before, after))
    old_logits = vae.onset_logits(was)
    in_song = np.zeros(old_logits.shape, np.bool_)
    for row, notes in enumerate(old):
        in_song[row, notes[:, 0] * PITCHES + notes[:, 1]] = True
    missed = np.maximum(ONSET_LOGIT + CORRECTION_MARGIN - old_logits, 0) * in_song
    invented = np.minimum(ONSET_LOGIT - CORRECTION_MARGIN - old_logits, 0) * ~in_song
    kept = fidelity[instrument] * before.plays.ravel()[rows]
    logits = vae.onset_logits(now) + kept[:, None] * (missed + invented) + np.float32(preference) * in_song
    bar, cell = np.nonzero(choose_onsets(logits, None if counts is None else counts.ravel()[rows]))
    length, velocity = vae.note_classes(now, bar, cell)
    old_length, old_velocity = vae.note_classes(was, bar, cell)
    known = {
        (row, int(step) * PITCHES + int(pitch)): (int(own_length), int(own_velocity))
        for row, notes in enumerate(old)
        for step, pitch, own_length, own_velocity in notes
    }
    for index, key in enumerate(zip(bar.tolist(), cell.tolist(), strict=True)):
        if key in known:
            length[index] += known[key][0] - old_length[index]
            velocity[index] += known[key][1] - old_velocity[index]
    notes = np.stack(
        [cell // PITCHES, cell % PITCHES, length.clip(0, len(LENGTHS) - 1), velocity.clip(0, VELOCITIES - 1)], 1
    )
    notes[:, 1] = transpose_pitches(notes[:, 1], -shift[bar])
    begins = np.searchsorted(bar, np.arange(len(rows) + 1))
    return [sorted_notes(notes[first:last]) for first, last in pairwise(begins.tolist())]
