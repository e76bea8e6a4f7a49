"""Everything that decides the weights of networks: training data, recipe, settings and the VAEs of latent networks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

from pianoroll_vae.models.families import Family, family_of
from pianoroll_vae.models.model import Kind
from pianoroll_vae.models.parameter_spec import ParameterSpec
from pianoroll_vae.models.training.checkpoint import Trained
from pianoroll_vae.models.training.settings import TrainingSettings
from pianoroll_vae.models.training.training_data import TrainingData


@dataclass(frozen=True)
class TrainingInputs:
    """What networks of one kind are trained on, and how."""

    kind: Kind
    data: TrainingData
    dataset: str
    """The dataset's fingerprint."""

    vae: Trained | None
    """The VAEs whose latents latent networks are trained on; None for VAEs."""

    made_from: Mapping[str, str]
    """Fingerprints of the files of the dataset and the VAEs, when they were opened."""

    settings: TrainingSettings
    epochs: int
    init: str | None
    """What the initial weights are copied from: `bundled`, or a folder of model files; None: random weights."""

    @property
    def family(self) -> Family:
        return family_of(self.data.recipe)

    @property
    def network_names(self) -> tuple[str, ...]:
        """All networks of this kind, in order."""
        return self.family.network_names(self.kind, self.data.band)

    @property
    def specs(self) -> dict[str, ParameterSpec]:
        return self.family.parameter_specs(self.kind, self.data.recipe, self.data.band)

    @cached_property
    def settings_json(self) -> dict[str, Any]:
        """The settings that decide the weights, for headers and metrics."""
        settings = {
            "batch_size": self.settings.batch_size,
            "learning_rate": self.settings.learning_rate,
            "seed": self.settings.seed,
            "precision": self.settings.precision_name,
        }
        return settings | ({"init": self.init} if self.init else {})

    def learned_from(self, names: Sequence[str]) -> dict[str, str]:
        """Fingerprints of the VAEs whose latents the networks `names` are trained on."""
        if self.vae is None:
            return {}
        vaes = self.family.vae_names(tuple(names), self.data.band)
        return {name: self.vae.header.fingerprints.get(name, "") for name in vaes}

    def digest(self, name: str) -> str:
        """Of a network's recipe, dataset and VAEs, without the settings: the network is stale when it changes."""
        values = [self.kind, name, self.data.recipe.to_json(), self.dataset, self.learned_from((name,))]
        return blake2b(json.dumps(values, sort_keys=True).encode(), digest_size=8).hexdigest()
