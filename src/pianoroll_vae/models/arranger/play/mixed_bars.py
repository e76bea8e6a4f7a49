"""Decodes mixed latents: which notes of which songs a mixed bar has.

A latent between two others decodes to more notes than either. So the notes are those of the songs, of each song a share
equal to its weight. Which ones come first does not depend on the weights: along a path from one song to another no note
comes back that has left."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.arranger.parameters import CELLS, ONSET_THRESHOLD
from pianoroll_vae.models.arranger.play.bar_vae import NO_NOTES, BarVae, CellFeatures, Index, bar_batches
from pianoroll_vae.models.arranger.play.kernels import Array
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import TWELFTHS_PER_BAR


@dataclass(frozen=True, eq=False)
class MixedBars:
    """What mixed latents were mixed from. Rows are bars of one instrument each."""

    endpoints: Array
    """(songs, rows, latent_size)"""

    weights: NDArray[np.float64]
    """(songs, rows), adding up to 1"""

    centres: Array
    """(rows, latent_size): the endpoints mixed with equal weights. The notes that are likelier here come first."""

    key_song: Index
    """(rows,): the song whose key the bar is in."""

    semitones: Index
    """(songs, rows): by how much each song is moved to the key of the `key_song`: 6 at most, so that it stays in its
    register."""

    octaves: Index
    """(songs, rows): the part of `semitones` by which its notes are moved after it is decoded; 0 in the `key_song`."""

    def select(self, rows: Index | slice) -> "MixedBars":
        """These rows."""
        by_song = (each[:, rows] for each in (self.semitones, self.octaves))
        return MixedBars(
            self.endpoints[:, rows], self.weights[:, rows], self.centres[rows], self.key_song[rows], *by_song
        )


def decode_mixed_bars(
    vae: BarVae, latents: Array, mixed: MixedBars, instrument: Index
) -> tuple[NDArray[np.int64], Index]:
    """As `BarVae.decode`, of mixed latents (rows, latent_size), from which lengths and velocities follow."""
    notes, bars = [NO_NOTES], [np.zeros(0, np.int64)]
    for part in bar_batches(len(latents)):
        own, these = instrument[part], mixed.select(part)
        order = vae.onset_logits(vae.features(these.centres, own))
        sounding = np.stack([vae.onset_logits(vae.features(end, own)) > ONSET_THRESHOLD for end in these.endpoints])
        sounding &= these.weights[..., None] > 0
        moved = np.stack([move_cells(*each) for each in zip(sounding, these.octaves, strict=True)])
        shared = hold_common_tones(moved, these.key_song, these.semitones)
        decoded = find_decoded_cells(shared, these.octaves)
        chosen = choose_shares(np.take_along_axis(order, decoded, 1), shared, these.weights)
        bar, own_notes = _notes(vae, vae.features(latents[part], own), chosen, decoded)
        notes.append(own_notes)
        bars.append(bar + part.start)
    return np.concatenate(notes), np.concatenate(bars)


def _notes(
    vae: BarVae, features: CellFeatures, chosen: NDArray[np.bool_], decoded: Index
) -> tuple[Index, NDArray[np.int64]]:
    """As `BarVae.notes`, with the lengths and velocities of the cells `decoded` (rows, CELLS)."""
    bar, cell = np.divmod(np.flatnonzero(chosen), CELLS)
    classes = vae.note_classes(features, bar, decoded[bar, cell])
    return bar, np.stack([cell // PITCHES, cell % PITCHES, *classes], 1)


def move_cells(sounding: NDArray[np.bool_], semitones: Index) -> NDArray[np.bool_]:
    """`sounding` (rows, CELLS) moved by semitones (rows,)."""
    moved = sounding.copy()
    for shift in set(semitones.tolist()) - {0}:
        rows = np.flatnonzero(semitones == shift)
        moved[rows] = _transposed(sounding[rows], shift)
    return moved


def find_decoded_cells(sounding: NDArray[np.bool_], octaves: Index) -> Index:
    """(rows, CELLS): of which cell of the latents each cell of `sounding` (songs, rows, CELLS) is, whose songs were
    moved by `octaves` (songs, rows)."""
    decoded = np.tile(np.arange(CELLS), (len(sounding[0]), 1))
    found = (sounding & (octaves == 0)[..., None]).any(0)
    for song, by_row in zip(sounding, octaves, strict=True):
        rows = np.flatnonzero(by_row)
        decoded[rows] -= (song[rows] & ~found[rows]) * by_row[rows, None]
        found[rows] |= song[rows]
    return decoded


def hold_common_tones(sounding: NDArray[np.bool_], key_song: Index, semitones: Index) -> NDArray[np.bool_]:
    """`sounding` (songs, rows, CELLS) with common tones as notes of both songs. A common tone is a note of the
    `key_song` (rows,) that another song has at the same pitch in its own key, `semitones` (songs, rows) lower than in
    `sounding`. Such a note sounds in both songs, so it is held, and is not played transposed as well."""
    in_key = sounding[key_song, np.arange(len(key_song))]
    held = sounding.copy()
    for song, by_row in zip(held, semitones, strict=True):
        for shift in set(by_row.tolist()) - {0}:
            rows = np.flatnonzero(by_row == shift)
            common = _transposed(song[rows], -shift) & in_key[rows]
            song[rows] = song[rows] & ~_transposed(common, shift) | common
    return held


def choose_shares(order: Array, sounding: NDArray[np.bool_], weights: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(rows, CELLS): of the cells that the same songs have in `sounding` (songs, rows, CELLS), those with the largest
    `order` (rows, CELLS): a share as large as the weights (songs, rows) of these songs together."""
    bar, cell = np.nonzero(sounding.any(0))
    have = sounding[:, bar, cell]
    _, group = np.unique(np.concatenate([bar[None], have]), axis=1, return_inverse=True)
    group = group.ravel()
    by_group = np.lexsort((-order[bar, cell], group))
    size = np.bincount(group)
    rank = np.arange(len(by_group)) - (np.cumsum(size) - size)[group[by_group]]
    share = (weights[:, bar] * have).sum(0)
    kept = by_group[rank < np.floor(share[by_group] * size[group[by_group]] + 0.5)]
    chosen = np.zeros(order.shape, np.bool_)
    chosen[bar[kept], cell[kept]] = True
    return chosen


def _transposed(cells: NDArray[np.bool_], semitones: int) -> NDArray[np.bool_]:
    """Cells (rows, CELLS) moved up by so many semitones; what leaves the keyboard is lost."""
    rolls = cells.reshape(-1, TWELFTHS_PER_BAR, PITCHES)
    moved = np.zeros_like(rolls)
    up, down = max(semitones, 0), max(-semitones, 0)
    moved[..., up : PITCHES - down] = rolls[..., down : PITCHES - up]
    return moved.reshape(-1, CELLS)
