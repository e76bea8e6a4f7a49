"""Names and shapes of the weights of the thesis networks, as model files hold them. No PyTorch."""

from collections.abc import Sequence
from itertools import pairwise

from pianoroll_vae.models.parameter_spec import ParameterSpec
from pianoroll_vae.models.recipe import LATENT_HEADS, LatentTraining, Recipe


def vae_specs(recipe: Recipe) -> dict[str, ParameterSpec]:
    """The tensors of one VAE as matrices (inputs, outputs): convolution (kh*kw*in, out), transposed (in, kh*kw*out)."""
    channels = (1, *recipe.vae.channels)
    cells = [steps * pitches for steps, pitches in recipe.vae.kernels]
    specs: dict[str, ParameterSpec] = {}
    for level, size in enumerate(cells):
        inputs, outputs = size * channels[level], channels[level + 1]
        specs[f"encoder.{level}.weight"] = ParameterSpec((inputs, outputs), inputs)
        specs[f"encoder.{level}.bias"] = ParameterSpec((outputs,), inputs)
    depth, widest = len(cells), channels[-1]
    specs[f"encoder.{depth}.weight"] = ParameterSpec((widest, recipe.latent_size + 1), widest)
    specs[f"encoder.{depth}.bias"] = ParameterSpec((recipe.latent_size + 1,), widest)
    specs["decoder.0.weight"] = ParameterSpec((recipe.latent_size, widest), recipe.latent_size)
    specs["decoder.0.bias"] = ParameterSpec((widest,), recipe.latent_size)
    for position, level in enumerate(reversed(range(depth)), start=1):
        inputs, outputs = channels[level + 1], channels[level]
        fan_in = cells[level] * outputs  # what PyTorch takes for a ConvTranspose2d
        specs[f"decoder.{position}.weight"] = ParameterSpec((inputs, cells[level] * outputs), fan_in)
        specs[f"decoder.{position}.bias"] = ParameterSpec((outputs,), fan_in)
    specs["log_sigma"] = ParameterSpec((1,))
    return specs


def melody_specs(recipe: Recipe) -> dict[str, ParameterSpec]:
    size, hidden = recipe.latent_size, recipe.latents.hidden_size
    if recipe.latents.network != "mlp":
        return sequence_specs(recipe.latents, size, size)
    return dense_specs((size, hidden, hidden, size))


def conditional_specs(recipe: Recipe) -> dict[str, ParameterSpec]:
    size, hidden = recipe.latent_size, recipe.latents.hidden_size
    if recipe.latents.network != "mlp":
        return sequence_specs(recipe.latents, 2 * size, size)
    return dense_specs((2 * size, hidden, size))


def dense_specs(widths: Sequence[int]) -> dict[str, ParameterSpec]:
    """Layers `0`, `1`, …: weight (inputs, outputs) and bias (outputs,)."""
    specs: dict[str, ParameterSpec] = {}
    for layer, (inputs, outputs) in enumerate(pairwise(widths)):
        specs[f"{layer}.weight"] = ParameterSpec((inputs, outputs), inputs)
        specs[f"{layer}.bias"] = ParameterSpec((outputs,), inputs)
    return specs


def sequence_specs(training: LatentTraining, inputs: int, latent_size: int) -> dict[str, ParameterSpec]:
    """The tensors of one network with inputs (memory, inputs)."""
    width = training.hidden_size
    outputs = training.components * (1 + 2 * latent_size) or latent_size
    specs = {"out.weight": ParameterSpec((width, outputs), width), "out.bias": ParameterSpec((outputs,), width)}
    if training.network == "lstm":
        specs["heard.weight"] = ParameterSpec((inputs, 4 * width), width)
        specs["before.weight"] = ParameterSpec((width, 4 * width), width)
        specs["bias"] = ParameterSpec((4 * width,), width)
        return specs
    specs["heard.weight"], specs["heard.bias"] = ParameterSpec((inputs, width), inputs), ParameterSpec((width,), inputs)
    specs["distance"] = ParameterSpec((LATENT_HEADS, width // LATENT_HEADS, training.memory), width)
    for name, (rows, columns) in {
        "query": (width, 3 * width),
        "joined": (width, width),
        "wide": (width, 4 * width),
        "narrow": (4 * width, width),
    }.items():
        specs[f"{name}.weight"], specs[f"{name}.bias"] = (
            ParameterSpec((rows, columns), rows),
            ParameterSpec((columns,), rows),
        )
    return specs
