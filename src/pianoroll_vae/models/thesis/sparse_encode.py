"""Encodes rolls on a CPU without computing their silence, by hand.

Nine patches in ten are silent, and all silent patches have the same activations. Each layer computes its sounding rows
and one silent row, which is exact. tests/bench/price_list.py measures what this gains over `Vae.encode`.
"""

from math import prod

import torch
from torch import Tensor

from pianoroll_vae.models.thesis.network import Vae

MIN_ROLLS = 64
"""Smaller batches are encoded as fast by `Vae.encode`."""


def encode_sounding(vae: Vae, kernels: tuple[tuple[int, int], ...], cells: Tensor) -> Tensor:
    """`Vae.encode` without gradients: (batch, patches, patch_cells) to (batch, latent_size + 1)."""
    *hidden, last = vae.encoder
    rows = cells.reshape(-1, cells.shape[-1])
    place = rows.any(1).nonzero().squeeze(1)
    rows, silent = rows[place], rows.new_zeros(1, cells.shape[-1])
    for layer, kernel in zip(hidden, (*kernels[1:], (1, 1)), strict=True):
        group = prod(kernel)
        sounding, silent = torch.relu_(layer(rows)), torch.relu_(layer(silent))
        parents, parent = torch.unique_consecutive(place // group, return_inverse=True)
        rows = silent.repeat(len(parents) * group, 1)
        rows[parent * group + place % group] = sounding
        rows, place, silent = rows.view(len(parents), group * rows.shape[1]), parents, silent.repeat(1, group)
    code: Tensor = last(silent).repeat(len(cells), 1)
    code[place] = last(rows)
    return code
