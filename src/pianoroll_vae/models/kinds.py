"""What rows of weights each kind of network has, and of which shape: a row an instrument, or one for the whole band."""

from typing import Literal

from pianoroll_vae.models.arranger.parameters import plan_slots
from pianoroll_vae.models.arranger.parameters import vae_slots as arranger_vae_specs
from pianoroll_vae.models.parameter_spec import ParameterSpec
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.models.thesis.parameters import conditional_specs, melody_specs, vae_specs
from pianoroll_vae.music.band import Band

Kind = Literal["vae", "melody", "conditional"]

WHOLE_BAND, FOLLOWERS = "band", "followers"
"""Rows of networks that several instruments share, as those of the recipe arranger do."""


def rows_of(kind: str, recipe: Recipe, band: Band) -> tuple[str, ...]:
    """The names of the rows of weights, in order."""
    followers = tuple(name for name in band.names if name != band.lead)
    if kind == "melody":
        return (band.lead,)
    if recipe.arranger is None:
        return band.names if kind == "vae" else followers
    return (WHOLE_BAND,) if kind == "vae" else (FOLLOWERS,)


def parameter_specs(kind: str, recipe: Recipe, band: Band) -> dict[str, ParameterSpec]:
    """The tensors of one row."""
    if recipe.arranger is None:
        return {"vae": vae_specs, "melody": melody_specs, "conditional": conditional_specs}[kind](recipe)
    if kind == "vae":
        return arranger_vae_specs(recipe, len(band))
    return plan_slots(recipe, len(band), 1 if kind == "melody" else len(band) - 1)
