"""A split's rolls, resident in memory as the networks want them: sounding patches only, in patch order.

Nine patches in ten are silent, so a thousand songs take a few megabytes and a batch is one gather. Knows neither files
nor networks.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from pianoroll_vae.models.thesis.patches import PatchOrder
from pianoroll_vae.music.segments import SegmentBank

_AT_ONCE = 512


@dataclass(frozen=True)
class SoundingPatches:
    """The sounding patches of a batch of one instrument: cells (n, patch_cells) of 0..1 and their places (n,) int64,
    ascending: roll · patches + patch."""

    cells: Tensor
    place: Tensor


class Rolls:
    """Segments of some instruments of a bank. `scale` brings the bank's cells to 0..1."""

    def __init__(self, bank: SegmentBank, order: PatchOrder, instruments: tuple[int, ...], scale: float) -> None:
        self.order = order
        self.scale = scale
        self.segments = len(bank)
        self.instruments = len(instruments)
        self.never = [place for place in range(self.instruments) if not bank.sounding[:, instruments[place]].any()]
        cells, patch, counts = [], [], []
        for start in range(0, len(bank), _AT_ONCE):
            rolls = bank.batch(range(start, min(start + _AT_ONCE, len(bank))))[:, instruments]
            patches = order.from_rolls(torch.from_numpy(rolls)).flatten(0, 1)
            sounding = patches.ne(0).any(-1)
            cells.append(patches[sounding])
            patch.append(sounding.nonzero()[:, 1].to(torch.int16))
            counts.append(sounding.sum(-1))
        self._cells = torch.cat(cells) if cells else torch.zeros(0, order.patch_cells, dtype=torch.uint8)
        self._patch = torch.cat(patch) if patch else torch.zeros(0, dtype=torch.int16)
        self._first = torch.zeros(self.segments * self.instruments + 1, dtype=torch.int64)
        if counts:
            torch.cumsum(torch.cat(counts), 0, out=self._first[1:])

    def __len__(self) -> int:
        return self.segments

    def batch(self, instrument: int, ids: Tensor, precision: torch.dtype = torch.float32) -> SoundingPatches:
        """What one of the instruments plays in the segments `ids` (batch,)."""
        specs = ids * self.instruments + instrument
        first = self._first[specs]
        counts = self._first[specs + 1] - first
        before = counts.cumsum(0) - counts
        roll = torch.arange(len(ids)).repeat_interleave(counts)
        found = torch.arange(len(roll)) + (first - before)[roll]
        place = self._patch[found] + roll * self.order.patches
        return SoundingPatches(self._cells[found].to(precision) * self.scale, place)

    def dense(self, instrument: int, ids: Tensor, precision: torch.dtype = torch.float32) -> Tensor:
        """What one of the instruments plays in the segments `ids` (batch,): cells (batch, patches, patch_cells)."""
        cells = torch.zeros(len(ids), self.order.patches, self.order.patch_cells, dtype=precision)
        sounding = self.batch(instrument, ids, precision)
        cells.view(-1, self.order.patch_cells).index_copy_(0, sounding.place, sounding.cells)
        return cells
