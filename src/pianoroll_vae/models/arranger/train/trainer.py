"""What the trainers of the arranger's VAE and priors share: random batches, one network, one learning rate schedule."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pianoroll_vae.models.arranger.tokens import TokenStream
from pianoroll_vae.models.arranger.train.layers import Block
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.training.adam import Adam, adam_state
from pianoroll_vae.models.training.loop import Advance, Metrics
from pianoroll_vae.models.training.muon import Muon
from pianoroll_vae.models.training.ranks import Ranks
from pianoroll_vae.models.training.rng import derived_seed, rng_for
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.weights import Weights
from pianoroll_vae.music.band import Band

MUON_RATE = 5.0
"""Learning rate of Muon, as a multiple of Adam's."""

MAX_GRADIENT_NORM = 1.0
WARM_UP, WARM_UP_SHARE = 200, 0.1
"""Updates over which the learning rate grows linearly to its value: so many, or this share of all, if that is less."""

FINAL_RATE = 0.05
"""Share of the learning rate that is left at the end of training."""

Batch = TypeVar("Batch")
Network = TypeVar("Network", bound=nn.Module)


@dataclass(frozen=True)
class TrainerInputs:
    """What every trainer of a run is given."""

    recipe: Recipe
    band: Band
    train: TokenStream
    valid: TokenStream
    settings: TrainingSettings
    epochs: int
    device: torch.device
    ranks: Ranks = field(default_factory=Ranks)


class ArrangerTrainer(Generic[Network, Batch]):
    """Trains one network that several instruments share."""

    stage: str
    unit: str
    max_loss: float
    valid_windows: ClassVar[int]
    """Windows of the held-out songs in one validation, at most: no more than these songs have bars, at each of which a
    window can begin."""

    loss_terms: ClassVar[tuple[str, ...]]
    """Metrics that `loss` returns beside the loss."""

    def __init__(self, row: str, network: Network, inputs: TrainerInputs) -> None:
        self.instruments = (row,)
        self.recipe, self.sizes = inputs.recipe, inputs.recipe.arranger
        self.settings, self.device, self.ranks = inputs.settings, inputs.device, inputs.ranks
        self.train, self.valid, self.epochs = inputs.train, inputs.valid, inputs.epochs
        self.drums = inputs.band.drums
        self.network = network.to(self.device)
        rate, decay = self.settings.learning_rate, self.recipe.vae.weight_decay
        # Muon moves trained matrices so far that they lose more than a few songs can teach them.
        matrices, self.others = split_parameters(self.network, with_matrices=not self.settings.from_trained)
        self.adam = Adam(self.others.values(), rate, weight_decay=decay, fused=True)
        self.muon = Muon(matrices, self.settings.precision)
        self.updates = max(self.epoch_windows() // self.settings.batch_size, 1)
        self.samples_per_epoch = self.updates * self.settings.batch_size * self.window_size()

    def named_weights(self) -> Mapping[str, Tensor]:
        return {f"{self.instruments[0]}/{name}": weight for name, weight in self.network.state_dict().items()}

    def optimizer_state(self) -> Mapping[str, Tensor]:
        return adam_state(self.adam, list(self.others)) | self.muon.state

    def window_size(self) -> int:
        """Samples (`unit`) in a window."""
        raise NotImplementedError

    def epoch_windows(self) -> int:
        """Windows in an epoch, at most."""
        raise NotImplementedError

    def sample_batch(self, stream: TokenStream, count: int, rng: np.random.Generator, training: bool) -> Batch:
        """Random windows, augmented while training."""
        raise NotImplementedError

    def loss(self, batch: Batch, noise: torch.Generator) -> tuple[Tensor, Tensor]:
        """The loss, and float64 sums over the batch: of the loss, of each of `loss_terms`, and what their means are
        taken over. Each is this rank's share: the shares add up to what a single process computes. Noise is drawn on
        the CPU, so that every device has the same."""
        raise NotImplementedError

    def refuse_if_too_large(self) -> None:
        """Compute one batch without updating: torch.OutOfMemoryError is raised here, not in the middle of an epoch."""
        batch = self.sample_batch(self.train, self.settings.batch_size, np.random.default_rng(0), True)
        loss, _ = self.loss(batch, torch.Generator().manual_seed(0))
        torch.autograd.grad(loss, list(self.network.parameters()), allow_unused=True)

    def train_epoch(self, epoch: int, advance: Advance) -> Metrics:
        rng = np.random.default_rng(derived_seed(self.settings.seed, self.stage, "stretches", epoch))
        noise = rng_for(self.settings.seed, self.stage, "noise", epoch)
        sums = self._zero_sums()
        for update in range(self.updates):
            done = (epoch - 1) * self.updates + update
            batch = self.sample_batch(self.train, self.settings.batch_size, rng, True)
            loss, terms = self.loss(batch, noise)
            self._set_gradients(loss)
            rate = learning_rate_at(done, self.epochs * self.updates, self.settings.learning_rate)
            self.adam.param_groups[0]["lr"] = rate
            self.adam.step()
            self.muon.step(MUON_RATE * rate)
            sums += terms
            advance(self.settings.batch_size * self.window_size())
        return self._means(sums, "")

    @torch.no_grad()
    def validate(self) -> Metrics:
        if not len(self.valid):
            return {}
        rng, noise = np.random.default_rng(0), torch.Generator().manual_seed(0)
        sums = self._zero_sums()
        windows = min(self.valid_windows, int(self.valid.song_starts[-1]))
        for begin in range(0, windows, self.settings.batch_size):
            count = min(self.settings.batch_size, windows - begin)
            sums += self.loss(self.sample_batch(self.valid, count, rng, False), noise)[1]
        return self._means(sums, "valid_")

    def random_semitones(self, count: int, rng: np.random.Generator, training: bool) -> NDArray[np.int64]:
        """(count,): transpositions, every key equally likely; zeros unless training."""
        most = self.recipe.vae.transposition if training else 0
        return rng.integers(-most + (most > 0), most + 1, count)

    def _set_gradients(self, loss: Tensor) -> None:
        """Those of the sum of all ranks' losses, clipped. As one block, so that ranks exchange them in one go."""
        parameters = list(self.network.parameters())
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True, materialize_grads=True)
        block = self.ranks.sum_(torch.cat([gradient.flatten() for gradient in gradients]))
        block.mul_(MAX_GRADIENT_NORM / block.norm().clamp(min=MAX_GRADIENT_NORM))
        for parameter, gradient in zip(
            parameters, block.split_with_sizes([p.numel() for p in parameters]), strict=True
        ):
            parameter.grad = gradient.view_as(parameter)

    def _zero_sums(self) -> Tensor:
        return torch.zeros(len(self.loss_terms) + 2, dtype=torch.float64)

    def _means(self, sums: Tensor, prefix: str) -> Metrics:
        sums = self.ranks.sum_(sums.to(self.device)).cpu()
        means = (sums[:-1] / sums[-1].clamp(min=1)).tolist()
        return {f"{prefix}{name}": [mean] for name, mean in zip(("loss", *self.loss_terms), means, strict=True)}


def split_parameters(
    network: nn.Module, with_matrices: bool = True
) -> tuple[dict[str, nn.Parameter], dict[str, nn.Parameter]]:
    """The matrices of transformer layers, for Muon, and all other parameters, for Adam, by name. with_matrices: False
    leaves all of them to Adam."""
    layers = [layer for layer in network.modules() if isinstance(layer, Block) and with_matrices]
    hidden = {parameter for layer in layers for parameter in layer.parameters() if parameter.ndim == 2}
    named = dict(network.named_parameters())
    matrices = {name: parameter for name, parameter in named.items() if parameter in hidden}
    return matrices, {name: parameter for name, parameter in named.items() if parameter not in hidden}


def load_weights(network: Network, weights: Weights) -> Network:
    """The network with the weights of the only row."""
    network.load_state_dict({name: view[0].clone() for name, view in weights.views().items()}, assign=True)
    return network


def learning_rate_at(done: int, total: int, learning_rate: float) -> float:
    """After `done` of `total` updates: a linear warm-up, then a cosine."""
    warm_up = min(WARM_UP, WARM_UP_SHARE * total)
    cosine = 0.5 * (1 + math.cos(math.pi * min(done / max(total, 1), 1)))
    return learning_rate * min((done + 1) / max(warm_up, 1), 1) * (FINAL_RATE + (1 - FINAL_RATE) * cosine)
