"""The settings of one training run, and how the precision is chosen where the user names none."""

from dataclasses import dataclass

import torch

from pianoroll_vae.errors import SettingInvalid, suggest
from pianoroll_vae.models.training.device import choose_device, has_fast_bfloat16
from pianoroll_vae.models.training.ranks import local_device

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class TrainingSettings:
    """What the command line and the machine decide; everything else is in the recipe."""

    batch_size: int
    learning_rate: float
    seed: int = 0
    precision: torch.dtype = torch.float32
    """Of the large matrix products; weights, optimiser state and sums stay float32."""

    from_trained: bool = False
    """Whether the initial weights are trained ones."""

    @property
    def precision_name(self) -> str:
        return str(self.precision).removeprefix("torch.")


@dataclass(frozen=True)
class Hardware:
    """What a command trains on, chosen once."""

    device: torch.device
    precision: torch.dtype


def choose_hardware(device: str, precision: str) -> tuple[Hardware, tuple[str, str]]:
    """The device (`cuda:1` names one of several GPUs), the precision (auto, float32 or bfloat16), and why each."""
    chosen, why_device = choose_device(device)
    chosen = local_device(chosen)
    dtype, why_precision = choose_precision(precision, chosen)
    return Hardware(chosen, dtype), (why_device, why_precision)


def choose_precision(precision: str, device: torch.device) -> tuple[torch.dtype, str]:
    """The precision, and why this one, as a sentence. `precision`: auto, float32 or bfloat16."""
    if precision not in ("auto", *PRECISIONS):
        raise SettingInvalid(f"There is no precision '{precision}'.", suggest(precision, ("auto", *PRECISIONS)))
    torch.set_flush_denormal(True)  # settled latents leave activations that a CPU computes a hundred times slower
    why = "given"
    if precision == "auto":
        fast = device.type == "cuda" or (device.type == "cpu" and has_fast_bfloat16())
        precision = "bfloat16" if fast else "float32"
        why = "instructions for it are here" if fast else "no instructions for bfloat16 are here"
    return PRECISIONS[precision], f"{precision}: {why}"
