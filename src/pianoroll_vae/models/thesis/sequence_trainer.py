"""Trains the LSTMs and transformers over latents: the next latent from the segments before it, drawn as pairs are."""

from collections.abc import Sequence

import torch
from torch import Tensor

from pianoroll_vae.models.thesis.pair_trainer import PairTrainer
from pianoroll_vae.models.thesis.pairs import Pairs
from pianoroll_vae.models.thesis.sequence import forward, losses
from pianoroll_vae.models.training.loop import Advance, Metrics

_VALIDATION_BATCH = 512


class SequenceTrainer(PairTrainer):
    """Trains all instruments at once, with autograd."""

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        names, batch = self.instruments, self.settings.batch_size
        self.set_learning_rate(epoch)
        sums = torch.zeros(len(names))
        for ids in torch.split(torch.stack(self.draw(epoch)), batch, 1):
            loss = self._losses(self.block, self.train, ids).mean(1)
            self.optimizer.zero_grad()
            loss.sum().backward()
            self.optimizer.step()
            sums += loss.detach()
            advance(batch * len(names))
        return {"loss": (sums / self.steps).tolist()}

    @torch.no_grad()
    def validate(self) -> Metrics:
        if not all(len(pairs) for pairs in self.valid):
            return {}
        means = []
        for row, (name, pairs) in enumerate(zip(self.instruments, self.valid, strict=True)):
            own = self.weights.rows((name,)).flat
            parts = torch.split(torch.arange(len(pairs)), _VALIDATION_BATCH)
            found = [self._losses(own, self.valid[row : row + 1], ids.unsqueeze(0)) for ids in parts]
            means.append(float(torch.cat(found, 1).mean()))
        return {"valid_loss": means}

    def _losses(self, flat: Tensor, pairs: Sequence[Pairs], ids: Tensor) -> Tensor:
        """(instruments, batch) of the pairs `ids` (instruments, batch)."""
        windows = [own.window(chosen, self.training.memory) for own, chosen in zip(pairs, ids, strict=True)]
        history, known = (torch.stack(side) for side in zip(*windows, strict=True))
        targets = torch.stack([own.targets[chosen] for own, chosen in zip(pairs, ids, strict=True)])
        outputs = forward(self.weights.views(flat), self.training, history, known)
        return losses(outputs, targets, self.training.components)
