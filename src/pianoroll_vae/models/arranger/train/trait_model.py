"""The trait model: a distribution of the traits of a song's parts, and their means.

Each trait's logits are linear in the classes of those before it and in the song's genres and tempo: there are few songs
to learn from, one example each.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pianoroll_vae.models.arranger.conditions import GENRES, TEMPOS
from pianoroll_vae.models.arranger.traits import CLASSES, TRAIT_CLASSES, TRAITS, UNKNOWN_CLASS


class TraitModel(nn.Module):
    """Its state dict has the names and the order of `parameters.trait_specs`."""

    def __init__(self, instruments: int) -> None:
        super().__init__()
        self.instruments = instruments
        classes = instruments * TRAIT_CLASSES
        self.logits = nn.Linear(classes + GENRES + TEMPOS, classes)
        self.register_buffer("means", torch.zeros(instruments, len(TRAITS)))

    def set_means(self, traits: NDArray[np.int64]) -> None:
        """Of songs with these traits (songs, instruments, traits)."""
        values = np.stack([trait.values[traits[..., index]] for index, trait in enumerate(TRAITS)], -1)
        known = ~np.isnan(values)
        means = np.where(known, values, 0).sum(0) / np.maximum(known.sum(0), 1)
        self.get_buffer("means").copy_(torch.from_numpy(means))

    def forward(self, traits: Tensor, genres: Tensor, tempo: Tensor) -> Tensor:
        """Traits (songs, instruments, traits), genres (songs, GENRES) and tempo (songs,) to logits (songs, instruments,
        TRAIT_CLASSES); those of a trait depend on the traits before it alone."""
        weight = self.logits.weight
        known = [F.one_hot(trait, count)[..., 1:] for trait, count in zip(traits.unbind(-1), CLASSES, strict=True)]
        one_hot = torch.cat([F.pad(part, (1, 0)) for part in known], -1).flatten(1)
        tempo = F.one_hot(tempo, TEMPOS)
        inputs = torch.cat([part.to(weight.dtype) for part in (one_hot, genres, tempo)], 1)
        masked = weight * F.pad(self._before(), (0, GENRES + TEMPOS), value=1)
        logits = F.linear(inputs, masked, self.logits.bias).float()
        return logits.view(len(logits), self.instruments, TRAIT_CLASSES)

    def nll(self, traits: Tensor, genres: Tensor, tempo: Tensor) -> Tensor:
        """Nats of the traits that are known, summed over the batch."""
        logits = self(traits, genres, tempo).split(CLASSES, -1)
        target = torch.where(traits == UNKNOWN_CLASS, 0, traits)
        nats = [
            F.cross_entropy(
                own[..., 1:].flatten(0, 1), trait.flatten() - 1, ignore_index=UNKNOWN_CLASS - 1, reduction="sum"
            )
            for own, trait in zip(logits, target.unbind(-1), strict=True)
        ]
        return torch.stack(nats).sum()

    def _before(self) -> Tensor:
        """(classes, classes) of all instruments: 1 where the column's trait comes before the row's."""
        trait = np.repeat(np.arange(len(CLASSES)), CLASSES)
        number = (trait + len(CLASSES) * np.arange(self.instruments)[:, None]).ravel()
        before = torch.from_numpy(number[None] < number[:, None])
        return before.to(self.logits.weight)
