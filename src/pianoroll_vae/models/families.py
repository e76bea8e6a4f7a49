"""What differs between the two families of recipes: their networks, their training data and the ensemble that plays.

Methods import PyTorch and Numba when they train or play, so that this module stays quick to import.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from pianoroll_vae.models.arranger import parameters as arranger
from pianoroll_vae.models.ensemble import Ensemble
from pianoroll_vae.models.model import Kind, Model, ModelHeader
from pianoroll_vae.models.parameter_spec import ParameterSpec
from pianoroll_vae.models.recipe import FamilyName, Recipe
from pianoroll_vae.models.thesis import parameters as thesis
from pianoroll_vae.music.band import Band, find_band

if TYPE_CHECKING:
    from pianoroll_vae.models.training.training_data import TrainingData
    from pianoroll_vae.music.dataset import Dataset

BAND, FOLLOWERS = "band", "followers"
"""Names of the arranger's networks, which instruments share."""


class Family(ABC):
    """A family of recipes."""

    network_per_instrument: ClassVar[bool]
    """Whether each instrument has networks of its own, which can be trained alone."""

    fine_tuning: ClassVar[float] = 1.0
    """Factor of the recipe's learning rate where networks begin from trained ones."""

    @abstractmethod
    def network_names(self, kind: Kind, band: Band) -> tuple[str, ...]:
        """The networks of a kind, in order."""

    @abstractmethod
    def vae_names(self, names: tuple[str, ...], band: Band) -> tuple[str, ...]:
        """The VAEs whose latents the latent networks `names` are trained on."""

    @abstractmethod
    def parameter_specs(self, kind: Kind, recipe: Recipe, band: Band) -> dict[str, ParameterSpec]:
        """The tensors of one network."""

    @abstractmethod
    def held_out_bound(self, vae: ModelHeader) -> tuple[float | None, str]:
        """Minus the evidence lower bound of held-out songs, as training recorded it, and its unit; None and why there
        is none. It compares models of one family that were trained on the same dataset, and no others."""

    @abstractmethod
    def training_data(self, dataset: "Dataset", recipe: Recipe, notice: Callable[[str], None]) -> "TrainingData":
        """A dataset's training and held-out songs; `notice` receives notices for the user while training."""

    @abstractmethod
    def ensemble(self, vae: Model, melody: Model, conditional: Model, bar_vae: Model | None) -> Ensemble:
        """The band, ready to play; without a bar VAE, the family arranger has no latents."""


class ThesisFamily(Family):
    """Three networks for each instrument: a VAE of its rolls and networks that predict its next latent."""

    network_per_instrument = True

    def network_names(self, kind: Kind, band: Band) -> tuple[str, ...]:
        if kind == "bar_vae":
            return ()
        if kind == "vae":
            return band.names
        return (band.lead,) if kind == "melody" else _followers(band)

    def vae_names(self, names: tuple[str, ...], band: Band) -> tuple[str, ...]:
        """Their own, and the lead's."""
        return (band.lead, *(name for name in names if name != band.lead))

    def parameter_specs(self, kind: Kind, recipe: Recipe, band: Band) -> dict[str, ParameterSpec]:
        specs = {"vae": thesis.vae_specs, "melody": thesis.melody_specs, "conditional": thesis.conditional_specs}
        return specs[kind](recipe)

    def held_out_bound(self, vae: ModelHeader) -> tuple[float | None, str]:
        """The mean of the instruments."""
        if not vae.recipe.vae.beta:
            return None, "an autoencoder has no bound"
        return _recorded(vae, ("valid_reconstruction", "valid_kl"), "nats a roll")

    def training_data(self, dataset: "Dataset", recipe: Recipe, notice: Callable[[str], None]) -> "TrainingData":
        from pianoroll_vae.models.thesis.training_data import ThesisTrainingData

        fitted = recipe.on_grid(dataset.steps_per_beat, dataset.segment_steps, dataset.has_velocities, dataset.rounding)
        return ThesisTrainingData.from_dataset(dataset, fitted, notice)

    def ensemble(self, vae: Model, melody: Model, conditional: Model, bar_vae: Model | None) -> Ensemble:
        from pianoroll_vae.models.thesis.band import ThesisBand

        return ThesisBand.from_models(vae, melody, conditional)


class ArrangerFamily(Family):
    """Two VAEs of bars for the whole band, one to play from and one to read and mix songs with; one prior for the lead
    and one for all other instruments."""

    network_per_instrument = False
    fine_tuning = 1 / 80  # at the whole rate a trained band becomes worse first, see models/README.md

    def network_names(self, kind: Kind, band: Band) -> tuple[str, ...]:
        return {"vae": (BAND,), "melody": (band.lead,), "conditional": (FOLLOWERS,), "bar_vae": (BAND,)}[kind]

    def vae_names(self, names: tuple[str, ...], band: Band) -> tuple[str, ...]:
        return (BAND,)

    def parameter_specs(self, kind: Kind, recipe: Recipe, band: Band) -> dict[str, ParameterSpec]:
        if kind == "vae":
            return arranger.vae_specs(recipe, len(band))
        if kind == "bar_vae":
            return arranger.bar_vae_specs(recipe, len(band))
        if kind == "melody":
            return arranger.melody_specs(recipe, len(band))
        return arranger.prior_specs(recipe, len(band), len(band) - 1)

    def held_out_bound(self, vae: ModelHeader) -> tuple[float | None, str]:
        """Of the VAE that songs are played from, given what the band plays before and beside a bar."""
        terms = ("valid_kl", "valid_step", "valid_pitch", "valid_length", "valid_velocity")
        return _recorded(vae, terms, "nats a new bar")

    def training_data(self, dataset: "Dataset", recipe: Recipe, notice: Callable[[str], None]) -> "TrainingData":
        from pianoroll_vae.models.arranger.train.training_data import ArrangerTrainingData

        return ArrangerTrainingData.from_dataset(dataset, recipe, notice)

    def ensemble(self, vae: Model, melody: Model, conditional: Model, bar_vae: Model | None) -> Ensemble:
        from pianoroll_vae.models.arranger.play.sampling_process import SAMPLING_PROCESS

        SAMPLING_PROCESS.start_on_new_machine()  # numba, which is imported next, takes .4 s

        from pianoroll_vae.models.arranger.play.band import ArrangerBand

        networks = vae.networks[BAND], melody.networks[melody.band.lead], conditional.networks[FOLLOWERS]
        return ArrangerBand(vae.recipe, vae.band, *networks, bar_vae.networks[BAND] if bar_vae else None)


FAMILIES: dict[FamilyName, Family] = {"thesis": ThesisFamily(), "arranger": ArrangerFamily()}


def family_of(recipe: Recipe) -> Family:
    return FAMILIES[recipe.family]


def parameters_of(header: ModelHeader) -> int:
    """How many numbers the networks of a file have learned."""
    specs = family_of(header.recipe).parameter_specs(header.kind, header.recipe, find_band(header.band))
    return len(header.fingerprints) * sum(spec.size for spec in specs.values())


def _recorded(header: ModelHeader, terms: tuple[str, ...], unit: str) -> tuple[float | None, str]:
    """The sum of recorded terms, mean over the networks."""
    sums = [sum(scores[term] for term in terms) for scores in header.scores.values() if scores.keys() >= set(terms)]
    return (sum(sums) / len(sums), unit) if sums else (None, "not recorded")


def _followers(band: Band) -> tuple[str, ...]:
    return tuple(name for name in band.names if name != band.lead)
