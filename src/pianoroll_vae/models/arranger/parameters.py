"""The tensors of a band that writes bars note by note, by name, and the sizes that all its parts share. No PyTorch."""

from pianoroll_vae.models.arranger.tokens import MEMORY_BARS
from pianoroll_vae.models.recipe import Chart, Recipe
from pianoroll_vae.models.thesis.parameters import Slot
from pianoroll_vae.music.bars import BAR_STEPS, LENGTHS, VELOCITIES
from pianoroll_vae.music.notes import PITCHES

PHRASE_BARS = 8
"""Bars are counted so far: where in a phrase one stands."""

DEEDS = MEMORY_BARS + 2
"""What an instrument can have done in a bar: rested (0), repeated what it played so many bars ago, written (last)."""

WROTE_NEW = DEEDS - 1
POINTER = 64

SHORTEST_PERIOD, LONGEST_PERIOD = 4.0, 1024.0
"""In units of time: attention's clocks tick from one to the other."""


def chart_of(recipe: Recipe) -> Chart:
    assert recipe.chart is not None
    return recipe.chart


def vae_slots(recipe: Recipe, players: int) -> dict[str, Slot]:
    """Encoder (`hear.`) and decoder (`write.`) of a band."""
    chart = chart_of(recipe)
    width, content, latent = chart.width, chart.content, recipe.latent_size
    lengths = len(LENGTHS)
    return {
        "hear.place": Slot((players * BAR_STEPS, content), 1),
        "hear.pitch": Slot((players * PITCHES, content), 1),
        "hear.length": Slot((lengths, content), 1),
        "hear.who": Slot((players, content), content),
        "hear.in": Slot((2 * content, content), content),
        "hear.in_bias": Slot((2 * content,)),
        "hear.out": Slot((content, 2 * content), 2 * content),
        "hear.latent": Slot((2 * latent, content), content),
        "hear.latent_bias": Slot((2 * latent,)),
        "write.says": Slot((4, width), width),
        "write.who": Slot((players, width), width),
        "write.phrase": Slot((PHRASE_BARS, width), width),
        "write.place": Slot((BAR_STEPS, width), width),
        "write.pitch": Slot((players * PITCHES, width), width),
        "write.class": Slot((12, width), width),
        "write.length": Slot((lengths, width), width),
        "write.latent": Slot((width, latent), latent),
        "write.content": Slot((width, content), content),
        **layer_slots("write.", chart.layers, width),
        "write.norm": Slot((width,)),
        "next.place": Slot((BAR_STEPS + 1, width), width),
        "next.place_bias": Slot((BAR_STEPS + 1,)),
        "next.hidden": Slot((3 * width, width), width),
        "next.at": Slot((BAR_STEPS, 3 * width), width),
        "next.of": Slot((players * PITCHES, 2 * width), width),
        "next.pitch": Slot((PITCHES, width), width),
        "next.pitch_bias": Slot((players, PITCHES)),
        "next.length": Slot((lengths, width), width),
        "next.velocity": Slot((VELOCITIES, width), width),
        "next.velocity_bias": Slot((players, VELOCITIES)),
    }


def plan_slots(recipe: Recipe, players: int, planners: int) -> dict[str, Slot]:
    """The weights of the network that decides for `planners` of the band's `players`."""
    chart = chart_of(recipe)
    width, content, latent, mixed = chart.plan_width, chart.content, recipe.latent_size, recipe.latents.components
    return {
        "past.content": Slot((width, players * content), players * content),
        "past.deed": Slot((players * DEEDS, width), width),
        "past.phrase": Slot((PHRASE_BARS, width), width),
        **layer_slots("past.", chart.plan_layers, width),
        "past.norm": Slot((width,)),
        "now.content": Slot((planners, width, players * content), players * content),
        "now.deed": Slot((planners, players * DEEDS, width), width),
        "now.in": Slot((planners, width, width), width),
        "now.inner": Slot((planners, 2 * width, width), width),
        "now.inner_bias": Slot((planners, 2 * width)),
        "now.out": Slot((planners, width, 2 * width), 2 * width),
        "say.deed": Slot((planners, 3 + MEMORY_BARS, width), width),
        "say.deed_bias": Slot((planners, 3 + MEMORY_BARS)),
        "say.looks_for": Slot((planners, POINTER, width), width),
        "say.found": Slot((planners, POINTER, content), content),
        "say.mixture": Slot((planners, mixed * (1 + 2 * latent), width), width),
        "say.mixture_bias": Slot((planners, mixed * (1 + 2 * latent)), mixed),
    }


def layer_slots(prefix: str, layers: int, width: int) -> dict[str, Slot]:
    """The weights of `layers` layers of attention, `width` wide."""
    slots: dict[str, Slot] = {}
    for layer in range(layers):
        name = f"{prefix}{layer}."
        slots |= {
            f"{name}norm1": Slot((width,)),
            f"{name}heads": Slot((3 * width, width), width),
            f"{name}out": Slot((width, width), width),
            f"{name}norm2": Slot((width,)),
            f"{name}up": Slot((4 * width, width), width),
            f"{name}up_bias": Slot((4 * width,)),
            f"{name}down": Slot((width, 4 * width), 4 * width),
        }
    return slots
