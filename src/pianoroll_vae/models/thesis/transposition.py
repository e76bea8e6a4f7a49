"""Songs moved in pitch: at random while VAEs learn, or all to one key before anything learns. Drums stay.

Knows rolls and banks; it decides neither by how much to move nor when.
"""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pianoroll_vae.models.thesis.patches import PatchOrder
from pianoroll_vae.models.thesis.rolls import SoundingPatches
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.key import find_key
from pianoroll_vae.music.segments import SegmentBank


def transposed(patches: SoundingPatches, semitones: Tensor, order: PatchOrder) -> SoundingPatches:
    """The patches of a batch, each roll moved by its own number of semitones (batch,); what leaves the roll is lost."""
    sounding = patches.cells.nonzero()
    values = patches.cells[sounding[:, 0], sounding[:, 1]]
    place = patches.place[sounding[:, 0]]
    roll, inside = place // order.patches, place % order.patches * order.patch_cells + sounding[:, 1]
    to_patch_order = order.flat_index()
    reading = torch.argsort(to_patch_order)[inside]
    pitch = reading % order.pitches + semitones[roll]
    kept = (pitch >= 0) & (pitch < order.pitches)
    reading = reading - reading % order.pitches + pitch
    cell = (roll * order.patches * order.patch_cells)[kept] + to_patch_order[reading[kept]]
    cell, by_cell = cell.sort()
    found, row = torch.unique_consecutive(cell // order.patch_cells, return_inverse=True)
    cells = patches.cells.new_zeros(len(found), order.patch_cells)
    cells[row, cell % order.patch_cells] = values[kept][by_cell]
    return SoundingPatches(cells, found)


def in_one_key(bank: SegmentBank, dataset: Dataset) -> SegmentBank:
    """The bank with every song moved, by the shorter way, to C major or A minor."""
    shifts = np.zeros(len(dataset), np.int64)
    for song in np.unique(bank.song_of).tolist():
        key = find_key(dataset.song(song))
        if key is not None:
            home = 0 if key.scale == "major" else 9
            shifts[song] = (home - key.root + 6) % 12 - 6
    counts = np.diff(bank.first)
    slot = np.repeat(np.arange(len(counts)), counts)
    shift = shifts[bank.song_of[slot // bank.instruments]] * _pitched(dataset.band)[slot % bank.instruments]
    pitch = bank.cell.astype(np.int64) % 128
    moved = pitch + shift
    moved += 12 * ((moved < 0).astype(np.int64) - (moved > 127))  # at the ends of the keyboard, an octave back
    return replace(bank, cell=(bank.cell + (moved - pitch)).astype(bank.cell.dtype))


def _pitched(band: Band) -> NDArray[np.int64]:
    return np.array([not instrument.is_drum for instrument in band], np.int64)
