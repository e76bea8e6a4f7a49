"""The trained networks of one kind, as numpy arrays: all that playing needs of a model file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.recipe import Recipe, recipe_from_json
from pianoroll_vae.music.band import Band, find_band, require_band
from pianoroll_vae.schema import bounded, build

Kind = Literal["vae", "melody", "conditional", "bar_vae"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class NetworkProgress:
    """How long a network was trained, and why training ended; empty where it has not."""

    epochs: int = bounded(0, 0)
    best_epoch: int = bounded(0, 0)
    ended: str = ""


@dataclass(frozen=True)
class ModelHeader:
    """The header of a model file. Mappings are by name of the network."""

    kind: Kind
    recipe: Recipe
    band: str
    fingerprints: Mapping[str, str]
    """Of the weights as they were trained."""

    dataset: str = ""
    """The fingerprint of the training data."""

    learned_from: Mapping[str, str] = field(default_factory=dict)
    """For latent networks: fingerprints of the VAEs."""

    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict, metadata={"finite": False})
    """Held-out figures of the best epoch."""

    progress: Mapping[str, NetworkProgress] = field(default_factory=dict)
    made: Mapping[str, str] = field(default_factory=dict)
    """What the network was trained on, as `TrainingInputs.digest` has it; not in exported bands."""

    settings: Mapping[str, Mapping[str, str | int | float]] = field(default_factory=dict)
    eight_bit: bool = False
    """Whether the weights are stored as `quantization` has them."""

    def __post_init__(self) -> None:
        """Raise ValueError where a network is missing from one of the mappings."""
        if not self.fingerprints:
            raise ValueError("it has no networks")
        require_band(self.band)
        for facts in (self.scores, self.progress, self.settings):
            if not self.made.keys() <= facts.keys() <= self.fingerprints.keys():
                raise ValueError("its networks are not those of its fingerprints")

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ModelHeader":
        """The header of a file; SchemaError where it is not one. Keys of other versions do not matter."""
        known = {entry.name for entry in fields(cls)}
        header = {key: value for key, value in values.items() if key in known}
        return build(cls, header | {"recipe": recipe_from_json(values.get("recipe"))})

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Model:
    """The networks of one kind and the header of their file."""

    header: ModelHeader
    networks: Mapping[str, Mapping[str, NDArray[np.float32]]]
    """By name, in order: each network's tensors by name."""

    @property
    def kind(self) -> Kind:
        return self.header.kind

    @property
    def recipe(self) -> Recipe:
        return self.header.recipe

    @property
    def band(self) -> Band:
        return find_band(self.header.band)
