"""Pairs of neighbouring latents, on which the latent networks are trained; computed once and kept in memory.

A pair is a segment and the one after it in the same song. Pairs in which an instrument is silent on both sides are left
out: they are many, nothing changes in them, and a network that has learned that silence follows silence never leaves
it. Pairs in which it enters or leaves are kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.tensor_threads import run_tensors_in_threads
from pianoroll_vae.music.segments import SegmentBank

_ROLLS_PER_BATCH = 256


@dataclass(frozen=True)
class Pairs:
    """One network's pairs, song by song: inputs (pairs, inputs) and targets (pairs, latent_size)."""

    inputs: Tensor
    targets: Tensor
    first: Tensor
    """(songs,): where each song's pairs begin."""

    count: Tensor
    """(songs,): how many it has."""

    all_inputs: Tensor
    """(all pairs of the split, inputs): those of silent pairs too, for networks with a memory."""

    row: Tensor
    """(pairs,): the row of each pair in `all_inputs`."""

    position: Tensor
    """(pairs,): how many pairs of its song come before it there."""

    def __len__(self) -> int:
        return len(self.inputs)

    def window(self, ids: Tensor, memory: int) -> tuple[Tensor, Tensor]:
        """The inputs up to the pairs `ids` (batch,), oldest first (batch, memory, inputs), and a mask (batch, memory),
        False before the song's beginning."""
        back = torch.arange(memory - 1, -1, -1)
        known = self.position[ids].unsqueeze(1) >= back
        return self.all_inputs[(self.row[ids].unsqueeze(1) - back).clamp(min=0)] * known.unsqueeze(-1), known

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """(count,) indices: a song uniformly, then one of its pairs uniformly."""
        song = torch.randint(len(self.first), (count,), generator=rng)
        within = torch.rand(count, generator=rng, dtype=torch.float64) * self.count[song]
        return self.first[song] + within.long()


def latent_means(vae: BandVae, rolls: Rolls) -> Tensor:
    """(segments, instruments, latent_size): the posteriors' means of every segment."""
    means = torch.empty(len(rolls), rolls.instruments, vae.recipe.latent_size)

    def encode(row: int) -> Iterator[None]:
        for ids in torch.split(torch.arange(len(rolls)), _ROLLS_PER_BATCH):
            means[ids, row] = vae.encode_one(row, rolls.batch(row, ids))[:, :-1]
            yield

    run_tensors_in_threads([encode(row) for row in range(rolls.instruments)])
    return means


def lead_pairs(means: Tensor, bank: SegmentBank, lead: int) -> Pairs:
    """The lead's latent and its next one."""
    now = torch.from_numpy(bank.has_next).nonzero()[:, 0]
    return _sounding_pairs(means[now, lead], means[now + 1, lead], bank, now, lead)


def follower_pairs(means: Tensor, bank: SegmentBank, follower: int, lead: int) -> Pairs:
    """The follower's own latent and the lead's next one, in that order, and the follower's next one."""
    now = torch.from_numpy(bank.has_next).nonzero()[:, 0]
    inputs = torch.cat([means[now, follower], means[now + 1, lead]], dim=1)
    return _sounding_pairs(inputs, means[now + 1, follower], bank, now, follower)


def _sounding_pairs(inputs: Tensor, targets: Tensor, bank: SegmentBank, now: Tensor, instrument: int) -> Pairs:
    """The pairs in which the instrument sounds on either side; all pairs where it sounds in none."""
    sounding = torch.from_numpy(bank.sounding[:, instrument])
    row = (sounding[now] | sounding[now + 1]).nonzero()[:, 0]
    row = row if len(row) else torch.arange(len(now))
    songs = torch.from_numpy(bank.song_of)[now[row]]
    count = torch.unique_consecutive(songs, return_counts=True)[1]
    position = torch.from_numpy(bank.position)[now[row]]
    return Pairs(inputs[row], targets[row], count.cumsum(0) - count, count, inputs, row, position)
