"""Attention for those who write one token at a time: what was seen stays in a ring and is not computed again.

Several songs side by side, each as far as it is. Computes what `layers.attend` does. Knows no music.
"""

import torch
from torch import Tensor

from pianoroll_vae.models.chart.layers import Views, clocks, finished, projected

SEEN_BY = 64
"""What is looked at grows by so many tokens: for every other shape of a product PyTorch keeps a program of its own."""


class Past:
    """The last `size` tokens that each of `rows` songs has shown to one network's layers."""

    def __init__(
        self, rows: int, layers: int, heads: int, size: int, head_width: int, kind: torch.dtype = torch.float32
    ) -> None:
        self.keys = torch.zeros(layers, rows, heads, size, head_width, dtype=kind)
        self.values = torch.zeros_like(self.keys)
        self.number = torch.full((rows, size), -1)
        """Which token each place of the ring holds, counted from the song's first; -1 where none does."""

        self.count = torch.zeros(rows, dtype=torch.long)
        self.rows = torch.arange(rows)

    def forget(self, row: int) -> None:
        """Begin another song there."""
        self.number[row] = -1
        self.count[row] = 0

    def show(self, w: Views, prefix: str, x: Tensor, time: Tensor, real: Tensor, rows: slice = slice(None)) -> Tensor:
        """x (rows, tokens, width) after all layers; each token sees itself and what was shown before.

        time: (rows, tokens); real: (rows, tokens), False where a song has fewer new tokens than others: those come
        last, change nothing, and what is returned for them means nothing. `rows`: whose tokens these are.
        """
        layers, _, heads, size, head_width = self.keys.shape
        count, numbers, keys, values = self.count[rows], self.number[rows], self.keys[:, rows], self.values[:, rows]
        own = count[:, None] + torch.arange(x.shape[1])
        row, token = real.nonzero(as_tuple=True)
        place = own[row, token] % size
        numbers[row, place] = own[row, token]
        seen = int((count + real.sum(1)).max())
        seen = min(-(-seen // SEEN_BY) * SEEN_BY, size)
        number = numbers[:, None, :seen]
        hidden = (number < 0) | (number > own[:, :, None])
        unseen = torch.zeros(hidden.shape, dtype=x.dtype).masked_fill_(hidden, -torch.inf).unsqueeze(1)
        # A song that shows nothing sees nothing: any finite number will do there.
        unseen[~real.any(1)] = 0
        clock = clocks(time, head_width)
        for layer in range(layers):
            name = f"{prefix}{layer}."
            query, key, value = projected(w, name, x, heads, clock)
            keys[layer, row, :, place] = key[row, :, token]
            values[layer, row, :, place] = value[row, :, token]
            scores = (query * head_width**-0.5) @ keys[layer, :, :, :seen].transpose(-1, -2)
            x = finished(w, name, x, (scores + unseen).softmax(-1) @ values[layer, :, :, :seen])
        count += real.sum(1)
        return x
