"""The shape and the initialisation of one tensor of a network. No PyTorch: reading a model's file needs none."""

from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class ParameterSpec:
    """Initialised uniformly in ±1/sqrt(fan_in), as PyTorch's layers are; with zeros where `fan_in` is 0."""

    shape: tuple[int, ...]
    fan_in: int = 0

    @property
    def size(self) -> int:
        return prod(self.shape)
