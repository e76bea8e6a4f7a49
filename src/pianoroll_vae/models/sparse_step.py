"""One training pass of a band's VAEs on a CPU, by hand: loss and gradients without work on silence.

Nine patches in ten are silent, and a silent patch says the same thing everywhere: the encoder computes each sounding
patch, group of patches and one silent one, which is exact. The decoder has to speak about every cell, but its target
is subtracted only where something sounds. Instruments follow one another, so that the activations of one stay in the
cache. Must never know data sets, optimisers or epochs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from pianoroll_vae.models.likelihood import draw
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.rolls import SoundingPatches
from pianoroll_vae.models.weights import Weights

LatentTerm = Callable[[Tensor, Tensor, Tensor], Tensor]


@dataclass
class _Level:
    """What one level of the encoder remembers for its way back. `place`: rows of the next level's input."""

    rows: Tensor
    place: Tensor
    sounding: Tensor
    silent_input: Tensor
    silent: Tensor


@dataclass
class _Encoded:
    levels: list[_Level]
    dense: Tensor
    hidden: Tensor
    code: Tensor


class SparseStep:
    """Gradients of a band's VAEs. `precision`: the type of the large products (weights and sums stay float32)."""

    def __init__(self, recipe: Recipe, weights: Weights, precision: torch.dtype) -> None:
        self.recipe = recipe
        self.weights = weights
        self.precision = precision
        self.gradient = torch.zeros_like(weights.flat)
        self._copy = weights.flat if precision == torch.float32 else weights.flat.to(precision)
        self._views = weights.views(self._copy)
        self._gradients = weights.views(self.gradient)
        self._log_sigma = weights["log_sigma"][:, 0]
        self._group = [prod(kernel) for kernel in recipe.vae.kernels]
        self._patches = prod(self._group[1:])

    def __call__(
        self,
        heard: Sequence[SoundingPatches],
        wanted: Sequence[SoundingPatches],
        noise: Tensor,
        term: LatentTerm,
        share: float,
    ) -> tuple[Tensor, Tensor]:
        """Fills `gradient` with that of `share` times the loss summed over the batch.

        heard, wanted: each instrument's input and target; noise: (instruments, batch, latent_size); term(code, latents,
        noise) gives what each roll's latent costs, (instruments, batch).
        Returns squared errors (instruments,) and what latents cost (instruments,), summed over the batch.
        """
        if self._copy is not self.weights.flat:
            self._copy.copy_(self.weights.flat)
        encoded = [self._encode(i, heard[i], noise.shape[1]) for i in range(len(heard))]
        code = torch.stack([one.code for one in encoded]).float().requires_grad_()
        with torch.enable_grad():
            latents = draw(code, noise)
            cost = term(code, latents, noise)
        squared, back = torch.empty(len(heard)), torch.empty_like(latents)
        for i, target in enumerate(wanted):
            squared[i], back[i] = self._decode_and_return(i, latents.detach()[i], target, share)
        torch.autograd.backward([latents, cost], [back, torch.full_like(cost, share)])
        assert code.grad is not None
        for i, one in enumerate(encoded):
            self._return_to_input(i, one, code.grad[i].to(self.precision))
        return squared, cost.detach().sum(1)

    def _encode(self, i: int, heard: SoundingPatches, batch: int) -> _Encoded:
        """One instrument's batch to its code (batch, latent_size + 1)."""
        rows, place, depth = heard.cells, heard.place, len(self._group)
        silent_input = rows.new_zeros(self._group[0])
        levels = []
        for level in range(depth - 1):
            weight, bias = self._layer(i, f"encoder.{level}")
            sounding = torch.addmm(bias, rows, weight).relu_()
            silent = torch.addmv(bias, weight.t(), silent_input).relu_()
            group = self._group[level + 1]
            if level < depth - 2:
                parents, parent = torch.unique_consecutive(place // group, return_inverse=True)
                inside, units = parent * group + place % group, len(parents)
            else:
                parents, inside, units = place, place, batch
            following = silent.repeat(units * group, 1)
            following.index_copy_(0, inside, sounding)
            levels.append(_Level(rows, inside, sounding, silent_input, silent))
            rows, place, silent_input = following.view(units, group * len(silent)), parents, silent.repeat(group)
        weight, bias = self._layer(i, f"encoder.{depth - 1}")
        hidden = torch.addmm(bias, rows, weight).relu_()
        weight, bias = self._layer(i, f"encoder.{depth}")
        return _Encoded(levels, rows, hidden, torch.addmm(bias, hidden, weight))

    def _return_to_input(self, i: int, encoded: _Encoded, back: Tensor) -> None:
        """Gradients of the encoder's weights from that of the code (batch, latent_size + 1)."""
        depth = len(self._group)
        self._learn(i, f"encoder.{depth}", encoded.hidden, back)
        back = _through_relu(back @ self._layer(i, f"encoder.{depth}")[0].t(), encoded.hidden)
        self._learn(i, f"encoder.{depth - 1}", encoded.dense, back)
        back = back @ self._layer(i, f"encoder.{depth - 1}")[0].t()
        further = torch.zeros(())  # what the silent unit of a level owes for the silent unit of the next
        for level in reversed(range(depth - 1)):
            one, name = encoded.levels[level], f"encoder.{level}"
            weight = self._layer(i, name)[0]
            units = back.view(-1, weight.shape[1])
            sounding = units.index_select(0, one.place)
            silent = units.sum(0, dtype=torch.float32) - sounding.sum(0, dtype=torch.float32) + further
            silent = silent * (one.silent > 0)
            sounding = _through_relu(sounding, one.sounding)
            self._learn(i, name, one.rows, sounding)
            self._gradients[f"{name}.bias"][i].add_(silent)
            if level:
                self._gradients[f"{name}.weight"][i].addr_(one.silent_input.float(), silent)
                before = self._group[level]
                further = (weight.float() @ silent).view(before, -1).sum(0)
                back = sounding @ weight.t()

    def _decode_and_return(
        self, i: int, latents: Tensor, wanted: SoundingPatches, share: float
    ) -> tuple[Tensor, Tensor]:
        """One instrument's squared error, and the likelihood's gradient at its latents (batch, latent_size)."""
        depth, batch = len(self._group), latents.shape[0]
        heard = latents.to(self.precision)
        weight, bias = self._layer(i, "decoder.0")
        inputs = [heard, torch.addmm(bias, heard, weight).relu_()]
        for position in range(1, depth + 1):
            weight, bias = self._layer(i, f"decoder.{position}")
            bias = bias.repeat(weight.shape[1] // len(bias))
            spoken = torch.addmm(bias, inputs[-1].view(-1, weight.shape[0]), weight)
            inputs.append(spoken.relu_() if position < depth else spoken)
        error = inputs.pop().view(batch * self._patches, -1)
        error.index_add_(0, wanted.place, wanted.cells, alpha=-1)
        flat = error.flatten().float()
        squared = torch.dot(flat, flat)

        precision = torch.exp(-2 * self._log_sigma[i])
        cells = error.numel()
        self._gradients["log_sigma"][i] = share * (cells - squared * precision)
        back = error
        for position in range(depth, 0, -1):
            name = f"decoder.{position}"
            weight = self._layer(i, name)[0]
            heard, back = inputs[position].view(-1, weight.shape[0]), back.view(-1, weight.shape[1])
            scale = share * precision if position == depth else None
            self._learn(i, name, heard, back, scale)
            if scale is not None:
                weight = (weight * scale).to(self.precision)
            back = _through_relu(back @ weight.t(), heard)
        back = back.view(batch, -1)
        self._learn(i, "decoder.0", inputs[0], back)
        return squared, (back @ self._layer(i, "decoder.0")[0].t()).float()

    def _layer(self, i: int, name: str) -> tuple[Tensor, Tensor]:
        return self._views[f"{name}.weight"][i], self._views[f"{name}.bias"][i]

    def _learn(self, i: int, name: str, heard: Tensor, back: Tensor, scale: Tensor | None = None) -> None:
        """Gradients of a layer: products of what it heard and what it is told, (rows, inputs) and (rows, outputs)."""
        weight, bias = self._gradients[f"{name}.weight"][i], self._gradients[f"{name}.bias"][i]
        wide = back.shape[1] <= 32  # a tall product with few outputs is twice as fast the other way round
        weight.copy_((back.t() @ heard).t() if wide else heard.t() @ back)
        bias.copy_(back.sum(0).float().view(-1, len(bias)).sum(0))
        if scale is not None:
            weight.mul_(scale)
            bias.mul_(scale)


def _through_relu(back: Tensor, activation: Tensor) -> Tensor:
    """The gradient before a ReLU, in place of the one after it."""
    torch.ops.aten.threshold_backward.grad_input(back, activation, 0, grad_input=back)
    return back
