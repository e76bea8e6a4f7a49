"""The weights of one kind of network for several instruments: one block, a row an instrument, named columns.

The block makes a layer of all instruments one batched matrix product, and an update of small networks one call.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pianoroll_vae.errors import ArtifactDamaged
from pianoroll_vae.models.parameter_spec import ParameterSpec
from pianoroll_vae.models.training.rng import rng_for


@dataclass(frozen=True)
class Weights:
    """`flat`: (instruments, parameters) float32; `weights["encoder.0.weight"]` is a view (instruments, *shape)."""

    instruments: tuple[str, ...]
    specs: Mapping[str, ParameterSpec]
    flat: Tensor

    @classmethod
    def fresh(cls, instruments: tuple[str, ...], specs: Mapping[str, ParameterSpec], seed: int) -> Self:
        """Initialised as PyTorch's Linear and Conv2d are. A row depends on its instrument's name and the seed alone."""
        flat = torch.zeros(len(instruments), sum(spec.size for spec in specs.values()))
        for row, name in zip(flat, instruments, strict=True):
            rng = rng_for(seed, name, "start")
            start = 0
            for spec in specs.values():
                if spec.fan_in:
                    bound = 1 / sqrt(spec.fan_in)
                    row[start : start + spec.size].uniform_(-bound, bound, generator=rng)
                start += spec.size
        return cls(instruments, specs, flat)

    @classmethod
    def from_tensors(
        cls, instruments: tuple[str, ...], specs: Mapping[str, ParameterSpec], tensors: Mapping[str, Tensor]
    ) -> Self:
        """The inverse of `tensors()`; every shape is checked before memory is allocated."""
        for name in instruments:
            for spec_name, spec in specs.items():
                key = f"{name}/{spec_name}"
                if key not in tensors or tuple(tensors[key].shape) != spec.shape:
                    raise ArtifactDamaged(
                        f"The model's tensor {key} is missing or not of shape {spec.shape}.",
                        "It is of another recipe or damaged: train again.",
                    )
        rows = [torch.cat([tensors[f"{name}/{spec}"].float().flatten() for spec in specs]) for name in instruments]
        return cls(instruments, specs, torch.stack(rows))

    @classmethod
    def from_arrays(
        cls, networks: Mapping[str, Mapping[str, NDArray[np.float32]]], specs: Mapping[str, ParameterSpec]
    ) -> Self:
        """The networks of a model file, whose shapes have been checked when it was read."""
        flat = [np.concatenate([arrays[name].ravel() for name in specs]) for arrays in networks.values()]
        return cls(tuple(networks), specs, torch.from_numpy(np.stack(flat)))

    def to(self, device: torch.device) -> "Weights":
        """On another device; the same tensor where it is there already."""
        return Weights(self.instruments, self.specs, self.flat.to(device))

    def __getitem__(self, name: str) -> Tensor:
        return self.views()[name]

    @property
    def parameters(self) -> int:
        """Parameters of one instrument's network."""
        return self.flat.shape[1]

    def views(self, flat: Tensor | None = None) -> dict[str, Tensor]:
        """Name to (instruments, *shape): views of the weights, or of `flat`, their gradient."""
        block = self.flat if flat is None else flat
        views, start = {}, 0
        for name, spec in self.specs.items():
            views[name] = block[:, start : start + spec.size].view(block.shape[0], *spec.shape)
            start += spec.size
        return views

    def tensors(self) -> dict[str, Tensor]:
        """`piano/encoder.0.weight`, … as a checkpoint stores them: views of the weights."""
        views = self.views()
        return {
            f"{instrument}/{name}": views[name][row].contiguous()
            for row, instrument in enumerate(self.instruments)
            for name in self.specs
        }

    def rows(self, instruments: tuple[str, ...]) -> "Weights":
        """The same weights for some of the instruments, in the given order (a copy)."""
        return Weights(instruments, self.specs, self.flat[[self.instruments.index(name) for name in instruments]])

    def concat(self, others: "Weights") -> "Weights":
        """The rows of both (a copy)."""
        names = (*self.instruments, *others.instruments)
        return Weights(names, self.specs, torch.cat([self.flat, others.flat.to(self.flat.device)]))
