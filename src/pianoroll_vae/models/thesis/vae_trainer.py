"""What a band's VAEs learn and how well they do: an epoch over all rolls, and the held-out bound and F1.

Knows the networks, the likelihood and the rolls; epochs, files and devices' names are other modules' matter.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor

from pianoroll_vae.models.recipe import Recipe, VaeTraining
from pianoroll_vae.models.thesis.likelihood import LatentCost, divergence_nats, draw, gaussian_nats, latent_cost
from pianoroll_vae.models.thesis.patches import PatchOrder
from pianoroll_vae.models.thesis.rolls import Rolls, SoundingPatches
from pianoroll_vae.models.thesis.sparse_step import SparseStep
from pianoroll_vae.models.thesis.transposition import transposed
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.adam import Adam
from pianoroll_vae.models.training.flat_trainer import FlatTrainer
from pianoroll_vae.models.training.loop import Advance, Metrics
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.rng import rng_for
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.tensor_threads import run_tensors_in_threads
from pianoroll_vae.models.training.weights import Weights

LOWEST_LOG_SIGMA = -7.0
"""Finer than an eighth of a velocity step: below it a silent instrument would sharpen without end."""

REFERENCE_BATCH_SIZE = 32

_EXAMINED_AT_ONCE = 256
_ROLLS_A_TURN = 512


class VaeTrainer(FlatTrainer):
    """The VAEs of `vae` and the rolls of its instruments; `pitched`: which of them a transposition moves."""

    stage = "vae"
    unit = "rolls"

    def __init__(
        self,
        vae: BandVae,
        train: Rolls,
        valid: Rolls,
        settings: TrainingSettings,
        ranks: Ranks | None = None,
        pitched: Sequence[int] = (),
    ) -> None:
        self.recipe = vae.recipe
        self.weights = vae.weights
        self.settings = settings
        self.ranks = ranks or Ranks()
        self.train, self.valid = train, valid
        self.pitched = pitched
        self.adam = Adam(self.weights.flat, settings.learning_rate, vae.recipe.vae.weight_decay)
        self.step = SparseStep(vae.recipe, self.weights, settings.precision)
        self.samples_per_epoch = len(train) * train.instruments
        self.cells = vae.order.patches * vae.order.patch_cells
        self.max_loss = float(self.cells)  # a nat a cell: worse than knowing nothing

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        rows = range(len(self.weights.instruments))
        sums = torch.zeros(3, len(rows))
        pieces = [self._learn_one(row, epoch, sums[:, row], advance) for row in rows]
        run_tensors_in_threads(pieces, 1 if self.ranks.size > 1 else None)  # ranks must sum in the same order
        reconstruction, divergence, cost = self.ranks.sum_(sums) / max(len(self.train), 1)
        return {
            "loss": (reconstruction + cost).tolist(),
            "reconstruction": reconstruction.tolist(),
            "kl": divergence.tolist(),
        }

    def _learn_one(self, row: int, epoch: int, sums: Tensor, advance: Advance) -> Iterator[None]:
        """An epoch of one instrument in turns. Adds reconstruction, divergence and what latents cost to `sums`."""
        name, count, batch = self.weights.instruments[row], len(self.train), self.settings.batch_size
        order = torch.randperm(count, generator=rng_for(self.settings.seed, name, "order", epoch))
        noise = epoch_noise(name, count, self.recipe, self.settings.seed, epoch)
        training = self.recipe.vae
        spoils = rng_for(self.settings.seed, name, "spoils", epoch)
        semitones = torch.randint(-training.transposition, training.transposition + 1, (count,), generator=spoils)
        cost = cost_at(training, epoch)
        log_sigma, gradient = self.weights["log_sigma"][row], self.step.gradient[row]
        learned = 0
        for start in range(0, count, batch):
            stop = min(start + batch, count)
            mine = slice(start + self.ranks.rank, stop, self.ranks.size)
            rolls = heard = self.train.batch(row, order[mine], self.settings.precision)
            if training.transposition and row in self.pitched:
                rolls = heard = transposed(rolls, semitones[mine], self.train.order)
            if training.mask_ratio:
                left = torch.rand(rolls.cells.shape, generator=spoils) >= training.mask_ratio
                heard = SoundingPatches(rolls.cells * left, rolls.place)
            sigma = log_sigma.clone()
            squared, divergence, paid = self.step(row, heard, rolls, noise[mine], cost, share=1 / (stop - start))
            sums[0] += gaussian_nats(squared, sigma[0], self.cells * len(order[mine]))
            sums[1] += divergence
            sums[2] += paid
            self.adam.step_row(row, self.ranks.sum_(gradient))
            raise_log_sigma_step(log_sigma, sigma, log_sigma_rate_factor(batch))
            learned += stop - start
            if learned >= _ROLLS_A_TURN or stop == count:
                advance(learned)
                learned = 0
                yield

    @torch.no_grad()
    def validate(self) -> Metrics:
        if not len(self.valid):
            return {}
        return validate_vae(BandVae(self.recipe, self.weights), self.valid, self.settings.precision, self.ranks)


def log_sigma_rate_factor(batch_size: int) -> float:
    """How many times higher the learning rate of the likelihood's log_sigma is than that of the networks.

    log_sigma sinks by about the learning rate a step, so large batches would leave it high for many epochs; while it is
    high, the divergence outweighs the reconstruction and the latents collapse onto the prior. A higher rate for all
    weights would make them collapse sooner.
    """
    return max(1.0, batch_size / REFERENCE_BATCH_SIZE)


def raise_log_sigma_step(log_sigma: Tensor, before: Tensor, factor: float) -> None:
    """Make the step from `before` to `log_sigma` `factor` times as long, in place, with LOWEST_LOG_SIGMA as its end."""
    log_sigma.copy_(torch.lerp(before, log_sigma, factor).clamp_(min=LOWEST_LOG_SIGMA))


class Playable(Protocol):
    """A split's rolls, wherever they lie."""

    order: PatchOrder

    def __len__(self) -> int: ...

    def dense(self, instrument: int, ids: Tensor, precision: torch.dtype) -> Tensor:
        """What an instrument plays in the segments `ids` (batch,): cells (batch, patches, patch_cells) of 0..1."""


def validate_vae(vae: BandVae, rolls: Playable, precision: torch.dtype, ranks: Ranks | None = None) -> Metrics:
    """Each instrument's bound, always with the same noise, and the F1 of what is decoded from the means."""
    ranks, weights, recipe = ranks or Ranks(), vae.weights, vae.recipe
    sums = torch.zeros(5, len(weights.instruments), device=weights.flat.device)
    pieces = [_examine_one(vae, row, rolls, precision, ranks, sums[:, row]) for row in range(len(weights.instruments))]
    run_tensors_in_threads(pieces)
    squared, divergence, hits, played, true = ranks.sum_(sums)
    cells = rolls.order.patches * rolls.order.patch_cells * len(rolls)
    reconstruction = gaussian_nats(squared, weights["log_sigma"][:, 0], cells) / len(rolls)
    divergence = divergence / len(rolls)
    return {
        "valid_loss": (reconstruction + recipe.vae.beta * divergence).tolist(),
        "valid_reconstruction": reconstruction.tolist(),
        "valid_kl": divergence.tolist(),
        "f1": (2 * hits / (played + true).clamp(min=1)).tolist(),
    }


def _examine_one(
    vae: BandVae, row: int, rolls: Playable, precision: torch.dtype, ranks: Ranks, sums: Tensor
) -> Iterator[None]:
    """Adds one instrument's squared error, divergence, cells hit, cells played and cells that should be played."""
    name, threshold = vae.instruments[row], vae.recipe.threshold
    own = vae.weights.rows((name,))
    one = BandVae(vae.recipe, Weights((name,), own.specs, own.flat.to(precision)))
    noise = epoch_noise(name, len(rolls), vae.recipe, 0, 0).to(own.flat.device)
    for ids in torch.split(torch.arange(len(rolls)), _EXAMINED_AT_ONCE)[ranks.rank :: ranks.size]:
        cells = rolls.dense(row, ids, precision).unsqueeze(0)
        code = one.encode_patches(cells).float()
        latents = draw(code, noise[ids])
        sums[0] += (one.decode_patches(latents.to(precision)) - cells).float().square().sum()
        sums[1] += divergence_nats(code, latents, noise[ids]).sum()
        played, true = one.decode_patches(code[..., :-1].to(precision)) >= threshold, cells > 0
        for place, found in ((2, played & true), (3, played), (4, true)):
            sums[place] += found.sum()
        yield


def epoch_noise(name: str, count: int, recipe: Recipe, seed: int, epoch: int) -> Tensor:
    """(count, latent_size): a sample's noise follows from its place in the epoch; a plain autoencoder has none."""
    if not recipe.vae.beta:
        return torch.zeros(count, recipe.latent_size)
    return torch.randn(count, recipe.latent_size, generator=rng_for(seed, name, "noise", epoch))


def cost_at(training: VaeTraining, epoch: int) -> LatentCost:
    """What latents cost in an epoch, counted from 1."""
    warm = min(1.0, epoch / (training.warm_up_epochs + 1))
    return latent_cost(training.beta * warm, training.free_bits, training.sparsity)
