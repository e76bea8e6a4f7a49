"""The trained networks of one kind, as numpy arrays: all that playing needs to know of a model file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.band import Band

Kind = Literal["vae", "melody", "conditional"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class Model:
    """The networks of one kind and the header of their file.

    Header keys: `kind`, `recipe`, `band`, `fingerprints` (of each network's weights, by name), `dataset` (fingerprint
    of the training data), `learned_from` (for latent networks: fingerprints of the VAEs), `scores` (held-out figures
    of each network's best epoch), `eight_bit` (whether the weights are stored as `eight_bit` has them).
    """

    kind: Kind
    recipe: Recipe
    band: Band
    header: Mapping[str, Any]
    networks: Mapping[str, Mapping[str, NDArray[np.float32]]]
    """By name, in order: each network's tensors by name."""

    @property
    def fingerprints(self) -> dict[str, str]:
        return dict(self.header["fingerprints"])
