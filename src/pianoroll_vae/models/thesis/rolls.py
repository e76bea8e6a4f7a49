"""The rolls of a split on the training device: sounding patches only, in patch order.

Nine patches in ten are silent, so a thousand songs take a few megabytes. A batch is one gather and one scatter of fixed
shapes, which a GPU computes without waiting for the CPU.
"""

import torch
from torch import Tensor

from pianoroll_vae.models.thesis.patches import PatchOrder
from pianoroll_vae.music.segments import SegmentBank

_SEGMENTS_PER_BATCH = 512


class Rolls:
    """Segments of some instruments of a bank. instruments: their columns there; scale: brings its cells to 0..1."""

    def __init__(
        self,
        bank: SegmentBank,
        order: PatchOrder,
        instruments: tuple[int, ...],
        scale: float,
        device: torch.device | None = None,
    ) -> None:
        self.order = order
        self.scale = scale
        self.segments = len(bank)
        self.instruments = len(instruments)
        cells, patch = [torch.zeros(1, order.patch_cells, dtype=torch.uint8)], [torch.zeros(1, dtype=torch.int16)]
        counts = [torch.ones(1, dtype=torch.int64)]  # one silent patch, so that there always is one to gather
        for start in range(0, len(bank), _SEGMENTS_PER_BATCH):
            rolls = bank.batch(range(start, min(start + _SEGMENTS_PER_BATCH, len(bank))))[:, instruments]
            patches = order.from_rolls(torch.from_numpy(rolls)).flatten(0, 1)
            sounding = patches.ne(0).any(-1)
            cells.append(patches[sounding])
            patch.append(sounding.nonzero()[:, 1].to(torch.int16))
            counts.append(sounding.sum(-1))
        count = torch.cat(counts)
        self._cells = torch.cat(cells).to(device)
        self._patch = torch.cat(patch).to(device)
        self._first = count.cumsum(0).to(device)
        """(segments · instruments + 1,): where each roll's patches begin, and where the last ones end."""
        self._within = torch.arange(int(count[1:].max()) if len(bank) else 0, device=device)

    def __len__(self) -> int:
        return self.segments

    @property
    def device(self) -> torch.device:
        return self._cells.device

    def batch(self, instrument: int, ids: Tensor) -> Tensor:
        """The rolls of one instrument in the segments `ids` (batch,): cells (batch, patches, patch_cells) of 0..1."""
        roll = ids.to(self.device) * self.instruments + instrument
        found = self._first[roll].unsqueeze(1) + self._within
        sounding = found < self._first[roll + 1].unsqueeze(1)
        found = found.where(sounding, 0)
        # Each roll has one patch more than it needs, which takes what the gather found beyond its own patches.
        place = self._patch[found].long().where(sounding, self.order.patches)
        place += torch.arange(len(ids), device=self.device).unsqueeze(1) * (self.order.patches + 1)
        cells = self._cells.new_zeros(len(ids) * (self.order.patches + 1), self.order.patch_cells)
        cells[place.flatten()] = self._cells[found].flatten(0, 1)
        return cells.view(len(ids), -1, self.order.patch_cells)[:, :-1].float() * self.scale
