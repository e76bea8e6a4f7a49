"""A band's VAEs trained on a GPU: every roll resident there, all instruments in each product, one graph a step.

Silence is not skipped: which patches sound differs from batch to batch, and a captured graph has one shape. Batches
and noise are those of the CPU, so the same seed learns the same up to rounding; the order of a GPU's sums is not fixed,
so its runs are not equal to the bit. The tests run this on the CPU, without the graph; on a GPU it has not run yet:
tests/bench/gpu_check.py is for the day one is there.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from pianoroll_vae.models.thesis.likelihood import draw, gaussian_nats
from pianoroll_vae.models.thesis.patches import PatchOrder
from pianoroll_vae.models.thesis.vae import BandVae
from pianoroll_vae.models.thesis.vae_trainer import (
    cost_at,
    epoch_noise,
    log_sigma_rate_factor,
    raise_log_sigma_step,
    validate_vae,
)
from pianoroll_vae.models.training.adam import Adam
from pianoroll_vae.models.training.flat_trainer import FlatTrainer
from pianoroll_vae.models.training.loop import Advance, Metrics
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.rng import rng_for
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.segments import SegmentBank

_AT_ONCE = 1024
_WARM_UP = 3


class ResidentRolls:
    """Segments of some instruments of a bank on a device: uint8 velocities, or bits where there are none."""

    def __init__(
        self, bank: SegmentBank, order: PatchOrder, instruments: tuple[int, ...], scale: float, device: torch.device
    ) -> None:
        self.order = order
        self.scale = scale
        self.instruments = len(instruments)
        self.packed = scale == 1.0
        self._place = torch.arange(self.instruments, device=device).unsqueeze(1)
        self._bits = torch.arange(7, -1, -1, dtype=torch.uint8, device=device)
        inside = order.patch_cells // 8 if self.packed else order.patch_cells
        self._cells = torch.empty(len(bank), self.instruments, order.patches, inside, dtype=torch.uint8, device=device)
        for start in range(0, len(bank), _AT_ONCE):
            stop = min(start + _AT_ONCE, len(bank))
            rolls = torch.from_numpy(bank.batch(np.arange(start, stop))[:, instruments])
            cells = order.from_rolls(rolls)
            if self.packed:
                cells = torch.from_numpy(np.packbits(cells.numpy(), axis=-1))
            self._cells[start:stop].copy_(cells)

    def __len__(self) -> int:
        return len(self._cells)

    def batch(self, ids: Tensor, precision: torch.dtype) -> Tensor:
        """ids (instruments, batch) to cells (instruments, batch, patches, patch_cells) of 0..1."""
        return self._unpacked(self._cells[ids, self._place], precision)

    def dense(self, instrument: int, ids: Tensor, precision: torch.dtype = torch.float32) -> Tensor:
        """ids (batch,) to one instrument's cells (batch, patches, patch_cells) of 0..1."""
        return self._unpacked(self._cells[ids.to(self._cells.device), instrument], precision)

    def _unpacked(self, cells: Tensor, precision: torch.dtype) -> Tensor:
        if self.packed:
            cells = (cells.unsqueeze(-1) >> self._bits).bitwise_and_(1).flatten(-2)
        return cells.to(precision) * self.scale


class GpuVaeTrainer(FlatTrainer):
    """The VAEs of `vae`, moved to `device`, and the rolls of its instruments there."""

    stage = "vae"
    unit = "rolls"

    def __init__(
        self,
        vae: BandVae,
        train: ResidentRolls,
        valid: ResidentRolls,
        settings: TrainingSettings,
        ranks: Ranks,
        device: torch.device,
    ) -> None:
        self.recipe = vae.recipe
        self.weights = Weights(vae.instruments, vae.weights.specs, vae.weights.flat.to(device))
        self.settings = settings
        self.ranks = ranks
        self.train, self.valid = train, valid
        self.adam = Adam(self.weights.flat, settings.learning_rate, vae.recipe.vae.weight_decay)
        self.samples_per_epoch = len(train) * train.instruments
        self.cells = vae.order.patches * vae.order.patch_cells
        self.max_loss = float(self.cells)
        self.device = device
        self._sums = torch.zeros(3, train.instruments, device=device)
        self._cost = cost_at(vae.recipe.vae, vae.recipe.vae.warm_up_epochs + 1)
        self._replay: Callable[[Tensor, Tensor], None] | None = None

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        names, count, batch = self.weights.instruments, len(self.train), self.settings.batch_size
        seed = self.settings.seed
        order = torch.stack([torch.randperm(count, generator=rng_for(seed, name, "order", epoch)) for name in names])
        noise = torch.stack([epoch_noise(name, count, self.recipe, seed, epoch) for name in names]).to(self.device)
        order = order.to(self.device)
        if epoch <= self.recipe.vae.warm_up_epochs + 1:  # the graph holds the cost it was captured with
            self._cost, self._replay = cost_at(self.recipe.vae, epoch), None
        if self.device.type == "cuda" and self.ranks.size == 1 and count >= batch:
            self._replay = self._replay or self._captured(order[:, :batch], noise[:, :batch])
        self._sums.zero_()
        for start in range(0, count, batch):
            stop = min(start + batch, count)
            mine = slice(start + self.ranks.rank, stop, self.ranks.size)
            whole = stop - start == batch
            if self._replay and whole:
                self._replay(order[:, mine], noise[:, mine])
            else:
                self._step(order[:, mine], noise[:, mine], 1 / (stop - start))
            advance((stop - start) * len(names))
        reconstruction, divergence, cost = self.ranks.sum_(self._sums) / max(count, 1)
        return {
            "loss": (reconstruction + cost).tolist(),
            "reconstruction": reconstruction.tolist(),
            "kl": divergence.tolist(),
        }

    @torch.no_grad()
    def validate(self) -> Metrics:
        if not len(self.valid):
            return {}
        return validate_vae(BandVae(self.recipe, self.weights), self.valid, self.settings.precision, self.ranks)

    def refuse_if_too_large(self) -> None:
        """One step that teaches nothing: raises torch.OutOfMemoryError here rather than in the middle of an epoch."""
        batch = min(self.settings.batch_size, len(self.train))
        ids = torch.zeros(self.train.instruments, batch, dtype=torch.int64, device=self.device)
        self._gradient(ids, torch.zeros(*ids.shape, self.recipe.latent_size, device=self.device), 0.0)
        self._sums.zero_()

    def _step(self, ids: Tensor, noise: Tensor, share: float) -> None:
        gradient = self._gradient(ids, noise, share)
        log_sigma = self.weights["log_sigma"]
        before = log_sigma.clone()
        self.adam.step(self.ranks.sum_(gradient))
        raise_log_sigma_step(log_sigma, before, log_sigma_rate_factor(self.settings.batch_size))

    def _gradient(self, ids: Tensor, noise: Tensor, share: float) -> Tensor:
        """That of `share` times the summed loss; adds reconstruction, divergence and cost to the sums."""
        flat = self.weights.flat.detach().requires_grad_()
        with torch.enable_grad():
            quick = BandVae(
                self.recipe, Weights(self.weights.instruments, self.weights.specs, flat.to(self.settings.precision))
            )
            cells = self.train.batch(ids, self.settings.precision)
            code = quick.encode_patches(cells).float()
            latents = draw(code, noise)
            decoded = quick.decode_patches(latents.to(self.settings.precision))
            squared = (decoded - cells).float().square().sum((1, 2, 3))
            log_sigma = flat[:, -1]
            reconstruction = gaussian_nats(squared, log_sigma, self.cells * ids.shape[1])
            divergence, cost, _, _ = self._cost(code, latents, noise)
            loss = reconstruction.sum() + cost.sum()
            (gradient,) = torch.autograd.grad(loss * share, flat)
        self._sums += torch.stack([reconstruction, divergence.sum(1), cost.sum(1)]).detach()
        return gradient

    def _captured(self, ids: Tensor, noise: Tensor) -> Callable[[Tensor, Tensor], None]:
        """The step as a CUDA graph over buffers of its own; what warming up has moved is put back."""
        ids, noise, share = ids.clone(), noise.clone(), 1 / ids.shape[1]
        moved = (self.weights.flat, self.adam.first, self.adam.second, self.adam.steps, self._sums)
        before = [tensor.clone() for tensor in moved]
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UP):
                self._step(ids, noise, share)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._step(ids, noise, share)
        for tensor, value in zip(moved, before, strict=True):
            tensor.copy_(value)

        def replay(next_ids: Tensor, next_noise: Tensor) -> None:
            ids.copy_(next_ids)
            noise.copy_(next_noise)
            graph.replay()

        return replay
