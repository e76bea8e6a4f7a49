"""Trains a band's VAEs on any device, and measures the held-out bound and F1.

On a CPU several instruments are trained at once, each by a thread of its own; on a GPU one after the other. Batches,
noise and augmentation are drawn on the CPU, so a seed gives the same run on every device, up to rounding.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from pianoroll_vae.models.recipe import Recipe, VaeTraining
from pianoroll_vae.models.thesis.likelihood import LatentCost, gaussian_nats, kl_nats, latent_cost, sample_latents
from pianoroll_vae.models.thesis.network import Vae
from pianoroll_vae.models.thesis.rolls import Rolls
from pianoroll_vae.models.thesis.transposition import transpose
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.training.adam import Adam, adam_state
from pianoroll_vae.models.training.device import autocast
from pianoroll_vae.models.training.loop import Advance, Metrics
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.rng import rng_for
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.tensor_threads import run_tensors_in_threads

MIN_LOG_SIGMA = -7.0
"""Finer than an eighth of a velocity step: below it a silent instrument's likelihood would grow without bound."""

REFERENCE_BATCH_SIZE = 32

_VALIDATION_BATCH = 256
_ROLLS_PER_YIELD = 512


def log_sigma_rate_factor(batch_size: int) -> float:
    """How many times higher the learning rate of the likelihood's log_sigma is than that of the networks.

    log_sigma falls by about the learning rate a step, so large batches would leave it high for many epochs; while it is
    high, the divergence outweighs the reconstruction and the latents collapse onto the prior. A higher rate for all
    weights would make them collapse sooner.
    """
    return max(1.0, batch_size / REFERENCE_BATCH_SIZE)


class VaeTrainer:
    """Trains the networks of `vae`. pitched: the rows that are transposed if the recipe transposes."""

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
        """On the device that holds the rolls."""
        self.device = train.device
        self.vae = BandVae(vae.recipe, vae.weights.to(self.device))
        self.recipe, self.weights, self.instruments = vae.recipe, self.vae.weights, vae.instruments
        self.settings, self.pitched = settings, pitched
        self.ranks = ranks or Ranks()
        self.train, self.valid = train, valid
        self.samples_per_epoch = len(train) * train.instruments
        self.cells = vae.order.patches * vae.order.patch_cells
        self.max_loss = float(self.cells)  # a nat a cell is worse than a network that ignores its input
        self.optimizers = [self._optimizer(network) for network in self.vae.networks]

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        rows = range(len(self.instruments))
        sums = torch.zeros(3, len(rows), device=self.device)
        iterators = [self._train_one(row, epoch, sums[:, row], advance) for row in rows]
        in_order = self.ranks.size > 1 or self.device.type != "cpu"  # ranks must sum in the same order
        run_tensors_in_threads(iterators, 1 if in_order else None)
        reconstruction, kl, cost = self.ranks.sum_(sums) / max(len(self.train), 1)
        return {"loss": (reconstruction + cost).tolist(), "reconstruction": reconstruction.tolist(), "kl": kl.tolist()}

    @torch.no_grad()
    def validate(self) -> Metrics:
        if not len(self.valid):
            return {}
        return validate_vae(self.vae, self.valid, self.settings.precision, self.ranks)

    def named_weights(self) -> Mapping[str, Tensor]:
        return self.weights.tensors()

    def optimizer_state(self) -> Mapping[str, Tensor]:
        state: dict[str, Tensor] = {}
        for name, network, optimizer in zip(self.instruments, self.vae.networks, self.optimizers, strict=True):
            names = {parameter: f"{name}/{key}" for key, parameter in network.named_parameters()}
            ordered = [names[parameter] for group in optimizer.param_groups for parameter in group["params"]]
            state |= adam_state(optimizer, ordered)
        return state

    def refuse_if_too_large(self) -> None:
        """Compute one batch without updating: torch.OutOfMemoryError is raised here, not in the middle of an epoch."""
        batch = min(self.settings.batch_size, len(self.train))
        cells = self.train.batch(0, torch.zeros(batch, dtype=torch.int64))
        noise = torch.zeros(batch, self.recipe.latent_size, device=self.device)
        with torch.enable_grad():
            loss, _ = self.loss(self.vae.networks[0], cells, cells, noise, latent_cost_at(self.recipe.vae, 1))
            loss.backward()
        self.optimizers[0].zero_grad()

    def loss(
        self, network: Vae, inputs: Tensor, targets: Tensor, noise: Tensor, cost: LatentCost
    ) -> tuple[Tensor, Tensor]:
        """The loss () summed over a batch, and its terms (3,): reconstruction, divergence and cost of the latents.

        inputs, targets: (batch, patches, patch_cells), the same tensor unless the recipe denoises; noise: (batch,
        latent_size).
        """
        with autocast(self.device, self.settings.precision):
            code = network.encode(inputs).float()
            latents = sample_latents(code, noise)
            decoded = network.decode(latents).view(targets.shape)
        squared = (decoded.float() - targets).square().sum()
        reconstruction = gaussian_nats(squared, network.log_sigma[0], self.cells * len(targets))
        kl, weighted_kl = (part.sum() for part in cost(code, latents, noise))
        return reconstruction + weighted_kl, torch.stack([reconstruction, kl, weighted_kl]).detach()

    @torch.no_grad()
    def update(
        self, row: int, inputs: Tensor, targets: Tensor, noise: Tensor, cost: LatentCost, batch_size: int
    ) -> Tensor:
        """One step of the optimiser on this rank's part of a batch. Returns the terms of `loss`."""
        network, optimizer = self.vae.networks[row], self.optimizers[row]
        optimizer.zero_grad()
        with torch.enable_grad():
            loss, terms = self.loss(network, inputs, targets, noise, cost)
            (loss / batch_size).backward()
        self.ranks.sum_gradients(network.parameters())
        optimizer.step()
        network.log_sigma.clamp_(min=MIN_LOG_SIGMA)
        return terms

    def _train_one(self, row: int, epoch: int, sums: Tensor, advance: Advance) -> Iterator[None]:
        """An epoch of one instrument; adds the terms of its loss to `sums`. Yields between batches, so that instruments
        that share a thread alternate."""
        name, count, batch = self.instruments[row], len(self.train), self.settings.batch_size
        training, seed = self.recipe.vae, self.settings.seed
        order = torch.randperm(count, generator=rng_for(seed, name, "order", epoch))
        noise = epoch_noise(name, count, self.recipe, seed, epoch).to(self.device)
        augmentation = rng_for(seed, name, "spoils", epoch)
        semitones = torch.randint(-training.transposition, training.transposition + 1, (count,), generator=augmentation)
        cost = latent_cost_at(training, epoch)
        done = 0
        for start in range(0, count, batch):
            stop = min(start + batch, count)
            own = slice(start + self.ranks.rank, stop, self.ranks.size)
            inputs = targets = self.train.batch(row, order[own])
            if training.transposition and row in self.pitched:
                inputs = targets = transpose(targets, semitones[own].to(self.device), self.train.order)
            if training.mask_ratio:
                kept = torch.rand(stop - start, *targets.shape[1:], generator=augmentation) >= training.mask_ratio
                inputs = targets * kept[self.ranks.rank :: self.ranks.size].to(self.device)
            sums += self.update(row, inputs, targets, noise[own], cost, stop - start)
            done += stop - start
            if done >= _ROLLS_PER_YIELD or stop == count:
                advance(done)
                done = 0
                yield

    def _optimizer(self, network: Vae) -> Adam:
        rate = self.settings.learning_rate
        networks = [parameter for name, parameter in network.named_parameters() if name != "log_sigma"]
        sigma_rate = rate * log_sigma_rate_factor(self.settings.batch_size)
        groups: list[dict[str, Any]] = [{"params": networks}, {"params": [network.log_sigma], "lr": sigma_rate}]
        network.requires_grad_()
        return Adam(groups, rate, weight_decay=self.recipe.vae.weight_decay, fused=True)


def validate_vae(vae: BandVae, rolls: Rolls, precision: torch.dtype, ranks: Ranks | None = None) -> Metrics:
    """Each instrument's bound, always with the same noise, and the F1 of what is decoded from the means."""
    ranks, weights = ranks or Ranks(), vae.weights
    sums = torch.zeros(5, len(weights.instruments), device=rolls.device)
    iterators = [
        _validate_one(vae, row, rolls, precision, ranks, sums[:, row]) for row in range(len(weights.instruments))
    ]
    run_tensors_in_threads(iterators, None if rolls.device.type == "cpu" else 1)
    squared, kl, hits, played, true = ranks.sum_(sums)
    cells = rolls.order.patches * rolls.order.patch_cells * len(rolls)
    reconstruction = gaussian_nats(squared, weights["log_sigma"][:, 0], cells) / len(rolls)
    kl = kl / len(rolls)
    return {
        "valid_loss": (reconstruction + vae.recipe.vae.beta * kl).tolist(),
        "valid_reconstruction": reconstruction.tolist(),
        "valid_kl": kl.tolist(),
        "f1": (2 * hits / (played + true).clamp(min=1)).tolist(),
    }


def _validate_one(
    vae: BandVae, row: int, rolls: Rolls, precision: torch.dtype, ranks: Ranks, sums: Tensor
) -> Iterator[None]:
    """Adds one instrument's squared error, divergence, cells hit, cells played and cells that should be played."""
    name, network, threshold = vae.instruments[row], vae.networks[row], vae.recipe.threshold
    noise = epoch_noise(name, len(rolls), vae.recipe, 0, 0).to(rolls.device)
    for ids in torch.split(torch.arange(len(rolls)), _VALIDATION_BATCH)[ranks.rank :: ranks.size]:
        cells = rolls.batch(row, ids)
        with autocast(rolls.device, precision):
            code = vae.encode_one(row, cells).float()
            latents = sample_latents(code, noise[ids])
            decoded, from_means = (network.decode(z).view(cells.shape) for z in (latents, code[:, :-1]))
        sums[0] += (decoded.float() - cells).square().sum()
        sums[1] += kl_nats(code, latents, noise[ids]).sum()
        played, true = from_means >= threshold, cells > 0
        for place, found in ((2, played & true), (3, played), (4, true)):
            sums[place] += found.sum()
        yield


def epoch_noise(name: str, count: int, recipe: Recipe, seed: int, epoch: int) -> Tensor:
    """(count, latent_size): the noise of each place in an epoch's order; zeros for a plain autoencoder."""
    if not recipe.vae.beta:
        return torch.zeros(count, recipe.latent_size)
    return torch.randn(count, recipe.latent_size, generator=rng_for(seed, name, "noise", epoch))


def latent_cost_at(training: VaeTraining, epoch: int) -> LatentCost:
    """What latents cost in an epoch, counted from 1: beta grows during the warm-up."""
    share = min(1.0, epoch / (training.warm_up_epochs + 1))
    return latent_cost(training.beta * share, training.free_bits, training.sparsity)
