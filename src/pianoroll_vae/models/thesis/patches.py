"""Patch order: an order of a roll's cells in which every convolution is a reshape and a matrix product.

With stride = kernel the finest kernel cuts a roll into patches, the next one into groups of patches, and so on. With
cells stored group by group, each convolution's input is a reshape of the output before. Losses are sums over cells, so
training stays in this order.
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class PatchOrder:
    """The order for `kernels` ((steps, pitches), finest first), which cover a roll of (steps, pitches) exactly."""

    kernels: tuple[tuple[int, int], ...]
    steps: int
    pitches: int

    def __post_init__(self) -> None:
        covered_steps = covered_pitches = 1
        for kernel_steps, kernel_pitches in self.kernels:
            covered_steps *= kernel_steps
            covered_pitches *= kernel_pitches
        if (covered_steps, covered_pitches) != (self.steps, self.pitches):
            raise ValueError(
                f"kernels {self.kernels} cover {covered_steps} x {covered_pitches} cells, "
                f"not {self.steps} x {self.pitches}"
            )

    @property
    def patch_cells(self) -> int:
        """Cells of one patch of the finest kernel."""
        return self.kernels[0][0] * self.kernels[0][1]

    @property
    def patches(self) -> int:
        return self.steps * self.pitches // self.patch_cells

    def from_rolls(self, rolls: Tensor) -> Tensor:
        """(…, steps, pitches) to (…, patches, patch_cells), any dtype, a contiguous copy."""
        lead = rolls.shape[:-2]
        levels = len(self.kernels)
        split = [k[0] for k in reversed(self.kernels)] + [k[1] for k in reversed(self.kernels)]
        axes = [len(lead) + part * levels + level for level in range(levels) for part in (0, 1)]
        ordered = rolls.reshape(*lead, *split).permute(*range(len(lead)), *axes)
        return ordered.reshape(*lead, self.patches, self.patch_cells)

    def to_rolls(self, cells: Tensor) -> Tensor:
        """(…, patches, patch_cells) back to (…, steps, pitches)."""
        lead = cells.shape[:-2]
        levels = len(self.kernels)
        split = [size for kernel in reversed(self.kernels) for size in kernel]
        axes = [len(lead) + 2 * level + part for part in (0, 1) for level in range(levels)]
        ordered = cells.reshape(*lead, *split).permute(*range(len(lead)), *axes)
        return ordered.reshape(*lead, self.steps, self.pitches)
