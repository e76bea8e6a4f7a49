"""The tensors of every network of the recipes that hear rolls, by name: what a model's file must hold. No PyTorch."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from pianoroll_vae.models.recipe import LatentTraining, Recipe

HEADS = 4
"""Of attention over latents."""


@dataclass(frozen=True)
class ParameterSpec:
    """One tensor of a network. `fan_in` fixes the uniform start PyTorch's layers have; 0 starts at zero."""

    shape: tuple[int, ...]
    fan_in: int = 0

    @property
    def size(self) -> int:
        return prod(self.shape)


def vae_slots(recipe: Recipe) -> dict[str, ParameterSpec]:
    """The tensors of one VAE as matrices (inputs, outputs): convolution (kh*kw*in, out), transposed (in, kh*kw*out)."""
    channels = (1, *recipe.vae.channels)
    cells = [steps * pitches for steps, pitches in recipe.vae.kernels]
    slots: dict[str, ParameterSpec] = {}
    for level, size in enumerate(cells):
        inputs, outputs = size * channels[level], channels[level + 1]
        slots[f"encoder.{level}.weight"] = ParameterSpec((inputs, outputs), inputs)
        slots[f"encoder.{level}.bias"] = ParameterSpec((outputs,), inputs)
    depth, widest = len(cells), channels[-1]
    slots[f"encoder.{depth}.weight"] = ParameterSpec((widest, recipe.latent_size + 1), widest)
    slots[f"encoder.{depth}.bias"] = ParameterSpec((recipe.latent_size + 1,), widest)
    slots["decoder.0.weight"] = ParameterSpec((recipe.latent_size, widest), recipe.latent_size)
    slots["decoder.0.bias"] = ParameterSpec((widest,), recipe.latent_size)
    for position, level in enumerate(reversed(range(depth)), start=1):
        inputs, outputs = channels[level + 1], channels[level]
        fan_in = cells[level] * outputs  # what PyTorch takes for a ConvTranspose2d
        slots[f"decoder.{position}.weight"] = ParameterSpec((inputs, cells[level] * outputs), fan_in)
        slots[f"decoder.{position}.bias"] = ParameterSpec((outputs,), fan_in)
    slots["log_sigma"] = ParameterSpec((1,))
    return slots


def melody_slots(recipe: Recipe) -> dict[str, ParameterSpec]:
    size, hidden = recipe.latent_size, recipe.latents.hidden
    if recipe.latents.kind != "mlp":
        return sequence_slots(recipe.latents, size, size)
    return dense_slots((size, hidden, hidden, size))


def conditional_slots(recipe: Recipe) -> dict[str, ParameterSpec]:
    size, hidden = recipe.latent_size, recipe.latents.hidden
    if recipe.latents.kind != "mlp":
        return sequence_slots(recipe.latents, 2 * size, size)
    return dense_slots((2 * size, hidden, size))


def dense_slots(widths: Sequence[int]) -> dict[str, ParameterSpec]:
    """Layers `0`, `1`, …: weight (inputs, outputs) and bias (outputs,)."""
    slots: dict[str, ParameterSpec] = {}
    for layer, (inputs, outputs) in enumerate(pairwise(widths)):
        slots[f"{layer}.weight"] = ParameterSpec((inputs, outputs), inputs)
        slots[f"{layer}.bias"] = ParameterSpec((outputs,), inputs)
    return slots


def sequence_slots(training: LatentTraining, inputs: int, latent_size: int) -> dict[str, ParameterSpec]:
    """The tensors of one network that hears (memory, inputs)."""
    width = training.hidden
    told = training.components * (1 + 2 * latent_size) or latent_size
    slots = {"out.weight": ParameterSpec((width, told), width), "out.bias": ParameterSpec((told,), width)}
    if training.kind == "lstm":
        slots["heard.weight"] = ParameterSpec((inputs, 4 * width), width)
        slots["before.weight"] = ParameterSpec((width, 4 * width), width)
        slots["bias"] = ParameterSpec((4 * width,), width)
        return slots
    slots["heard.weight"], slots["heard.bias"] = ParameterSpec((inputs, width), inputs), ParameterSpec((width,), inputs)
    slots["distance"] = ParameterSpec((HEADS, width // HEADS, training.memory), width)
    for name, (rows, columns) in {
        "query": (width, 3 * width),
        "joined": (width, width),
        "wide": (width, 4 * width),
        "narrow": (4 * width, width),
    }.items():
        slots[f"{name}.weight"], slots[f"{name}.bias"] = (
            ParameterSpec((rows, columns), rows),
            ParameterSpec((columns,), rows),
        )
    return slots
