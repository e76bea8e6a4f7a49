"""Neighbours in latent space: what the latent networks learn from, computed once and kept in memory.

A pair is a segment and the one after it in the same song. Pairs in which an instrument is silent on both sides are
left out of its lessons: they are many, nothing moves in them, and a network that has learned silence to follow silence
never comes back from it. Entering and leaving are kept. Knows neither networks' insides nor files.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.tensor_threads import run_tensors_in_threads
from pianoroll_vae.music.segments import SegmentBank

_ENCODED_AT_ONCE = 256


@dataclass(frozen=True)
class Pairs:
    """One network's lessons, song by song: heard (pairs, inputs) and wanted (pairs, latent_size)."""

    heard: Tensor
    wanted: Tensor
    first: Tensor
    """(songs,): where each song's pairs begin."""

    count: Tensor
    """(songs,): how many it has."""

    told: Tensor
    """(all pairs of the split, inputs): what was heard in every pair, silent ones too, for those that remember."""

    row: Tensor
    """(pairs,): where each lesson stands in `told`."""

    age: Tensor
    """(pairs,): how many pairs of its song stand before it there."""

    def __len__(self) -> int:
        return len(self.heard)

    def window(self, ids: Tensor, memory: int) -> tuple[Tensor, Tensor]:
        """What was heard up to the pairs `ids` (batch,), oldest first (batch, memory, inputs), and which of it there
        was: False (batch, memory) before the song's beginning."""
        back = torch.arange(memory - 1, -1, -1)
        known = self.age[ids].unsqueeze(1) >= back
        return self.told[(self.row[ids].unsqueeze(1) - back).clamp(min=0)] * known.unsqueeze(-1), known

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """(count,) indices: a song uniformly, then one of its pairs uniformly."""
        song = torch.randint(len(self.first), (count,), generator=rng)
        within = torch.rand(count, generator=rng, dtype=torch.float64) * self.count[song]
        return self.first[song] + within.long()


def latent_means(vae: BandVae, rolls: Rolls) -> Tensor:
    """(segments, instruments, latent_size): what the frozen VAEs hear in every segment."""
    means = torch.empty(len(rolls), rolls.instruments, vae.recipe.latent_size)

    def encode(row: int, name: str) -> Iterator[None]:
        one = BandVae(vae.recipe, vae.weights.rows((name,)))
        for ids in torch.split(torch.arange(len(rolls)), _ENCODED_AT_ONCE):
            means[ids, row] = one.encode_patches(rolls.dense(row, ids).unsqueeze(0))[0, :, :-1]
            yield

    run_tensors_in_threads([encode(row, name) for row, name in enumerate(vae.instruments)])
    return means


def lead_pairs(means: Tensor, bank: SegmentBank, lead: int) -> Pairs:
    """The lead's latent and its next one."""
    now = torch.from_numpy(bank.has_next).nonzero()[:, 0]
    return _lessons(means[now, lead], means[now + 1, lead], bank, now, lead)


def follower_pairs(means: Tensor, bank: SegmentBank, follower: int, lead: int) -> Pairs:
    """The follower's own latent and the lead's next one, in that order, and the follower's next one."""
    now = torch.from_numpy(bank.has_next).nonzero()[:, 0]
    heard = torch.cat([means[now, follower], means[now + 1, lead]], dim=1)
    return _lessons(heard, means[now + 1, follower], bank, now, follower)


def _lessons(told: Tensor, wanted: Tensor, bank: SegmentBank, now: Tensor, instrument: int) -> Pairs:
    """The pairs in which the instrument sounds on either side; all of them where it never does."""
    sounding = torch.from_numpy(bank.sounding[:, instrument])
    row = (sounding[now] | sounding[now + 1]).nonzero()[:, 0]
    row = row if len(row) else torch.arange(len(now))
    songs = torch.from_numpy(bank.song_of)[now[row]]
    count = torch.unique_consecutive(songs, return_counts=True)[1]
    age = torch.from_numpy(bank.position)[now[row]]
    return Pairs(told[row], wanted[row], count.cumsum(0) - count, count, told, row, age)
