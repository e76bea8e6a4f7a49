"""One training pass of one instrument's VAE on a CPU, by hand: loss and gradients without work on silence.

Nine patches in ten are silent, and a silent patch says the same thing everywhere: the encoder computes each sounding
patch, group of patches and one silent one, which is exact. The decoder has to speak about every cell, but its target
is subtracted only where something sounds, and its widest layers go a few rolls at a time, so that what they write is
still in the cache when they read it. Must never know data sets, optimisers or epochs.
"""

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.thesis.likelihood import LatentCost, draw
from pianoroll_vae.models.thesis.rolls import SoundingPatches
from pianoroll_vae.models.training.weights import Weights

_SPOKEN_AT_ONCE = 32
"""Rolls the decoder's wide layers speak about at a time: a megabyte of bfloat16, half a core's cache."""


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
    """Gradients of a band's VAEs. `precision`: the type of the large products; weights and sums stay float32.

    Instruments share nothing but the object, so that several threads may each compute another one.
    """

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
        i: int,
        heard: SoundingPatches,
        wanted: SoundingPatches,
        noise: Tensor,
        cost: LatentCost,
        share: float,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Fills row i of `gradient` with that of `share` times the loss summed over a batch of instrument i.

        heard, wanted: input and target, the same unless the input is spoilt; noise: (batch, latent_size).
        Returns the squared error, the divergence and what latents cost, each () summed over the batch.
        """
        if self._copy is not self.weights.flat:
            self._copy[i].copy_(self.weights.flat[i])
        encoded = self._encode(i, heard, noise.shape[0])
        code = encoded.code.float()
        latents = draw(code, noise)
        squared, back = self._decode_and_return(i, latents, wanted, share)
        divergence, latent_cost, to_latents, to_deviation = cost(code, latents, noise)
        back.add_(to_latents, alpha=share)
        deviation = ((latents - code[:, :-1]) * back).sum(1) + share * to_deviation
        self._return_to_input(i, encoded, torch.cat([back, deviation.unsqueeze(1)], 1).to(self.precision))
        return squared, divergence.sum(), latent_cost.sum()

    def _encode(self, i: int, heard: SoundingPatches, batch: int) -> _Encoded:
        """One instrument's batch to its code (batch, latent_size + 1).

        How many patches sound differs from batch to batch, and a product of a new shape costs more than ten of a known
        one: its kernel is made first. So rows are filled up to one of a few sizes; those that fill are never read.
        """
        rows = heard.cells.new_zeros(_of_few_sizes(len(heard.cells)), self._group[0])
        rows[: len(heard.cells)] = heard.cells
        place, depth = heard.place, len(self._group)
        silent_input = rows.new_zeros(self._group[0])
        levels = []
        for level in range(depth - 1):
            weight, bias = self._layer(i, f"encoder.{level}")
            sounding = _relu(torch.addmm(bias, rows, weight))
            silent = _relu(torch.addmv(bias, weight.t(), silent_input))
            group = self._group[level + 1]
            if level < depth - 2:
                parents, parent = torch.unique_consecutive(place // group, return_inverse=True)
                inside, units = parent * group + place % group, _of_few_sizes(len(parents))
            else:
                parents, inside, units = place, place, batch
            following = silent.repeat(units * group, 1)
            following.index_copy_(0, inside, sounding[: len(inside)])
            levels.append(_Level(rows, inside, sounding, silent_input, silent))
            rows, place, silent_input = following.view(units, group * len(silent)), parents, silent.repeat(group)
        weight, bias = self._layer(i, f"encoder.{depth - 1}")
        hidden = _relu(torch.addmm(bias, rows, weight))
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
            sounding = units.new_zeros(len(one.rows), weight.shape[1])
            torch.index_select(units, 0, one.place, out=sounding[: len(one.place)])
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
        """The squared error, and `share` of the likelihood's gradient at the latents (batch, latent_size)."""
        batch = len(latents)
        inputs = [latents.to(self.precision)]
        for position in (0, 1):
            weight, bias = self._layer(i, f"decoder.{position}")
            bias = bias.repeat(weight.shape[1] // len(bias))
            inputs.append(_relu(torch.addmm(bias, inputs[-1], weight)))
        narrow = inputs.pop()
        back, squared = torch.empty_like(narrow), torch.zeros(())
        for position in range(2, len(self._group) + 1):
            for part in ("weight", "bias"):
                self._gradients[f"decoder.{position}.{part}"][i].zero_()
        inverse_variance = torch.exp(-2 * self._log_sigma[i])
        scale = float(share * inverse_variance)
        starts = range(0, batch, _SPOKEN_AT_ONCE)
        borders = torch.tensor([*starts, batch]) * self._patches
        places = torch.searchsorted(wanted.place, borders).tolist()
        for number, start in enumerate(starts):
            stop, sounding = min(start + _SPOKEN_AT_ONCE, batch), slice(places[number], places[number + 1])
            target = SoundingPatches(wanted.cells[sounding], wanted.place[sounding] - start * self._patches)
            chunk, back[start:stop] = self._speak_and_return(i, narrow[start:stop], target, scale)
            squared += chunk
        cells = batch * self._patches * self._group[0]
        self._gradients["log_sigma"][i] = share * (cells - squared * inverse_variance)
        for position in (1, 0):
            if position == 1:
                back = _through_relu(back, narrow)
            self._learn(i, f"decoder.{position}", inputs[position], back)
            back = back @ self._layer(i, f"decoder.{position}")[0].t()
            if position:
                back = _through_relu(back, inputs[1])
        return squared, back.float()

    def _speak_and_return(self, i: int, narrow: Tensor, wanted: SoundingPatches, scale: float) -> tuple[Tensor, Tensor]:
        """From a few rolls (rolls, units of the third-last layer) to their squared error and the gradient there."""
        depth, heard = len(self._group), [narrow]
        for position in range(2, depth + 1):
            weight, bias = self._layer(i, f"decoder.{position}")
            bias = bias.repeat(weight.shape[1] // len(bias))
            spoken = torch.addmm(bias, heard[-1].view(-1, weight.shape[0]), weight)
            heard.append(_relu(spoken) if position < depth else spoken)
        back = heard.pop().view(-1, self._group[0])
        back.index_add_(0, wanted.place, wanted.cells, alpha=-1)
        error = back.flatten().float()
        squared = torch.dot(error, error)
        for position in range(depth, 1, -1):
            name = f"decoder.{position}"
            weight = self._layer(i, name)[0]
            below, back = heard[position - 2].view(-1, weight.shape[0]), back.view(-1, weight.shape[1])
            last = position == depth  # the squared error's gradient is scaled where it is smallest
            self._learn_more(i, name, below, back, scale if last else 1.0)
            back = back @ (weight * scale if last else weight).t()
            if position > 2:
                back = _through_relu(back, below)
        return squared, back.view(narrow.shape)

    def _layer(self, i: int, name: str) -> tuple[Tensor, Tensor]:
        return self._views[f"{name}.weight"][i], self._views[f"{name}.bias"][i]

    def _learn(self, i: int, name: str, heard: Tensor, back: Tensor) -> None:
        """Gradients of a layer: products of what it heard and what it is told, (rows, inputs) and (rows, outputs)."""
        weight, bias = self._gradients[f"{name}.weight"][i], self._gradients[f"{name}.bias"][i]
        weight.copy_(_product(heard, back))
        bias.copy_(back.sum(0).float().view(-1, len(bias)).sum(0))

    def _learn_more(self, i: int, name: str, heard: Tensor, back: Tensor, scale: float) -> None:
        """The same, scaled and added to what the rolls before have given."""
        weight, bias = self._gradients[f"{name}.weight"][i], self._gradients[f"{name}.bias"][i]
        weight.add_(_product(heard, back), alpha=scale)
        bias.add_(back.sum(0).float().view(-1, len(bias)).sum(0), alpha=scale)


def _of_few_sizes(rows: int) -> int:
    """At least `rows`, an eighth more at most; a handful of sizes between one power of two and the next."""
    step = max(16, 1 << max(rows.bit_length() - 4, 0))
    return -(-rows // step) * step


def _product(heard: Tensor, back: Tensor) -> Tensor:
    """(inputs, outputs): heard.T @ back; with few outputs it is twice as fast the other way round."""
    return (back.t() @ heard).t() if back.shape[1] <= 32 else heard.t() @ back


def _relu(values: Tensor) -> Tensor:
    """ReLU in place. A bfloat16 has the sign of its bits as an integer, which a CPU compares five times faster."""
    if values.dtype == torch.bfloat16:
        values.view(torch.int16).clamp_(min=0)
        return values
    return values.relu_()


def _through_relu(back: Tensor, activation: Tensor) -> Tensor:
    """The gradient before a ReLU, in place of the one after it: nothing where nothing was let through. The activation
    is used up."""
    if back.dtype == torch.bfloat16:
        let_through = activation.view(torch.int16).clamp_(max=1).neg_()  # all bits where it was positive
        back.view(torch.int16).bitwise_and_(let_through)
    else:
        torch.ops.aten.threshold_backward.grad_input(back, activation, 0, grad_input=back)
    return back
