"""Names and shapes of the weights of the arranger networks, and sizes that its parts share. No PyTorch."""

from pianoroll_vae.models.arranger.tokens import MEMORY_BARS
from pianoroll_vae.models.parameter_spec import ParameterSpec
from pianoroll_vae.models.recipe import Recipe
from pianoroll_vae.music.bars import LENGTHS, VELOCITIES
from pianoroll_vae.music.notes import PITCHES
from pianoroll_vae.music.resolution import SIXTEENTHS_PER_BAR

BAR_POSITIONS = 8
"""The embedding of a bar's position counts bars modulo this: two phrases."""

ACTIONS = MEMORY_BARS + 2
"""What an instrument can have done in a bar: rested (0), repeated what it played so many bars ago, written (last)."""

WROTE_NEW = ACTIONS - 1
POINTER = 64

SHORTEST_PERIOD, LONGEST_PERIOD = 4.0, 1024.0
"""In units of time: attention's clocks tick from one to the other."""


def vae_specs(recipe: Recipe, instruments: int) -> dict[str, ParameterSpec]:
    """Encoder (`hear.`) and decoder (`write.`) of a band."""
    arranger = recipe.arranger
    width, content, latent = arranger.width, arranger.bar_width, recipe.latent_size
    lengths = len(LENGTHS)
    return {
        "hear.place": ParameterSpec((instruments * SIXTEENTHS_PER_BAR, content), 1),
        "hear.pitch": ParameterSpec((instruments * PITCHES, content), 1),
        "hear.length": ParameterSpec((lengths, content), 1),
        "hear.who": ParameterSpec((instruments, content), content),
        "hear.in": ParameterSpec((2 * content, content), content),
        "hear.in_bias": ParameterSpec((2 * content,)),
        "hear.out": ParameterSpec((content, 2 * content), 2 * content),
        "hear.latent": ParameterSpec((2 * latent, content), content),
        "hear.latent_bias": ParameterSpec((2 * latent,)),
        "write.says": ParameterSpec((4, width), width),
        "write.who": ParameterSpec((instruments, width), width),
        "write.phrase": ParameterSpec((BAR_POSITIONS, width), width),
        "write.place": ParameterSpec((SIXTEENTHS_PER_BAR, width), width),
        "write.pitch": ParameterSpec((instruments * PITCHES, width), width),
        "write.class": ParameterSpec((12, width), width),
        "write.length": ParameterSpec((lengths, width), width),
        "write.latent": ParameterSpec((width, latent), latent),
        "write.content": ParameterSpec((width, content), content),
        **layer_specs("write.", arranger.layers, width),
        "write.norm": ParameterSpec((width,)),
        "next.place": ParameterSpec((SIXTEENTHS_PER_BAR + 1, width), width),
        "next.place_bias": ParameterSpec((SIXTEENTHS_PER_BAR + 1,)),
        "next.hidden": ParameterSpec((3 * width, width), width),
        "next.at": ParameterSpec((SIXTEENTHS_PER_BAR, 3 * width), width),
        "next.of": ParameterSpec((instruments * PITCHES, 2 * width), width),
        "next.pitch": ParameterSpec((PITCHES, width), width),
        "next.pitch_bias": ParameterSpec((instruments, PITCHES)),
        "next.length": ParameterSpec((lengths, width), width),
        "next.velocity": ParameterSpec((VELOCITIES, width), width),
        "next.velocity_bias": ParameterSpec((instruments, VELOCITIES)),
    }


def prior_specs(recipe: Recipe, instruments: int, planners: int) -> dict[str, ParameterSpec]:
    """The weights of the network that decides for `planners` of the band's `instruments`."""
    arranger = recipe.arranger
    width, content, latent, mixed = (
        arranger.prior_width,
        arranger.bar_width,
        recipe.latent_size,
        recipe.latents.components,
    )
    return {
        "past.content": ParameterSpec((width, instruments * content), instruments * content),
        "past.deed": ParameterSpec((instruments * ACTIONS, width), width),
        "past.phrase": ParameterSpec((BAR_POSITIONS, width), width),
        **layer_specs("past.", arranger.prior_layers, width),
        "past.norm": ParameterSpec((width,)),
        "now.content": ParameterSpec((planners, width, instruments * content), instruments * content),
        "now.deed": ParameterSpec((planners, instruments * ACTIONS, width), width),
        "now.in": ParameterSpec((planners, width, width), width),
        "now.inner": ParameterSpec((planners, 2 * width, width), width),
        "now.inner_bias": ParameterSpec((planners, 2 * width)),
        "now.out": ParameterSpec((planners, width, 2 * width), 2 * width),
        "say.deed": ParameterSpec((planners, 3 + MEMORY_BARS, width), width),
        "say.deed_bias": ParameterSpec((planners, 3 + MEMORY_BARS)),
        "say.looks_for": ParameterSpec((planners, POINTER, width), width),
        "say.found": ParameterSpec((planners, POINTER, content), content),
        "say.mixture": ParameterSpec((planners, mixed * (1 + 2 * latent), width), width),
        "say.mixture_bias": ParameterSpec((planners, mixed * (1 + 2 * latent)), mixed),
    }


def layer_specs(prefix: str, layers: int, width: int) -> dict[str, ParameterSpec]:
    """The weights of `layers` layers of attention, `width` wide."""
    specs: dict[str, ParameterSpec] = {}
    for layer in range(layers):
        name = f"{prefix}{layer}."
        specs |= {
            f"{name}norm1": ParameterSpec((width,)),
            f"{name}heads": ParameterSpec((3 * width, width), width),
            f"{name}out": ParameterSpec((width, width), width),
            f"{name}norm2": ParameterSpec((width,)),
            f"{name}up": ParameterSpec((4 * width, width), width),
            f"{name}up_bias": ParameterSpec((4 * width,)),
            f"{name}down": ParameterSpec((width, 4 * width), 4 * width),
        }
    return specs
