"""Transposes rolls: by random intervals while VAEs are trained, or all songs to one key before training. Drums stay."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pianoroll_vae.models.thesis.patches import PatchOrder
from pianoroll_vae.music.band import Band
from pianoroll_vae.music.dataset import Dataset
from pianoroll_vae.music.key import key_of_notes
from pianoroll_vae.music.segments import SegmentBank


def transpose(cells: Tensor, semitones: Tensor, order: PatchOrder) -> Tensor:
    """cells (batch, patches, patch_cells), each roll moved by its own number of semitones (batch,). Notes that leave
    the range of the keyboard are dropped."""
    rolls = order.to_rolls(cells)
    source = torch.arange(order.pitches, device=cells.device) - semitones.unsqueeze(1)
    inside = (source >= 0) & (source < order.pitches)
    source = source.clamp(0, order.pitches - 1).unsqueeze(1).expand(rolls.shape)
    return order.from_rolls(rolls.gather(2, source) * inside.unsqueeze(1))


def in_one_key(bank: SegmentBank, dataset: Dataset) -> SegmentBank:
    """The bank with every song transposed, by the smaller interval, to C major or A minor."""
    shifts = np.zeros(len(dataset), np.int64)
    for song in np.unique(bank.song_of).tolist():
        key = key_of_notes(dataset.song(song).notes, dataset.band.drums)
        if key is not None:
            tonic = 0 if key.scale == "major" else 9
            shifts[song] = (tonic - key.root + 6) % 12 - 6
    counts = np.diff(bank.first)
    row = np.repeat(np.arange(len(counts)), counts)
    shift = shifts[bank.song_of[row // bank.instruments]] * _is_pitched(dataset.band)[row % bank.instruments]
    pitch = bank.cell.astype(np.int64) % 128
    moved = pitch + shift
    moved += 12 * ((moved < 0).astype(np.int64) - (moved > 127))  # at the ends of the keyboard, an octave back
    return replace(bank, cell=(bank.cell + (moved - pitch)).astype(bank.cell.dtype))


def _is_pitched(band: Band) -> NDArray[np.int64]:
    return (~band.drums).astype(np.int64)
