"""Chooses the hardware to compute on, and says why. Knows nothing of what is computed."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from pianoroll_vae.errors import DeviceUnavailable, SettingInvalid, suggest

if TYPE_CHECKING:
    import torch

Made = TypeVar("Made")

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(asked: str) -> tuple["torch.device", str]:
    """The device and a sentence that says why it was taken. `cuda:1` names one of several GPUs."""
    import torch

    kind = asked.partition(":")[0]
    if kind not in DEVICES:
        raise SettingInvalid(f"There is no device '{asked}'.", suggest(kind, DEVICES))
    there = _there()
    if asked == "auto":
        best = next(kind for kind in ("cuda", "mps", "cpu") if kind in there)
        why = "the fastest that is here" if best != "cpu" else "no GPU that PyTorch can use is here"
        return torch.device(best), f"device {best}: {why}"
    if kind not in there:
        hint = (
            "PyTorch has no CUDA here: see 'Which PyTorch' in the README." if kind == "cuda" else "Use --device auto."
        )
        raise DeviceUnavailable(f"The device '{asked}' is not on this machine.", hint)
    try:
        torch.empty(1, device=asked)
    except RuntimeError:
        raise DeviceUnavailable(f"The device '{asked}' does not answer.", "Use --device auto.") from None
    return torch.device(asked), f"device {asked}: asked for"


def with_a_batch_that_fits(trial: Callable[[int], Made], batch_size: int, notice: Callable[[str], None]) -> Made:
    """What `trial` makes of a batch size; while it finds the GPU's memory too small, it is asked for half of it.

    Not even one sample fits: its torch.OutOfMemoryError.
    """
    import torch

    while True:
        try:
            return trial(batch_size)
        except torch.OutOfMemoryError:
            if batch_size == 1:
                raise
        batch_size //= 2  # here, where the error no longer holds what the trial had made
        notice(f"the batch is halved to {batch_size}: the GPU's memory is too small for more")


def describe_device() -> dict[str, str | int | float]:
    """The device that `auto` would take, its name and memory, and PyTorch's threads."""
    import torch

    device, why = choose_device("auto")
    facts: dict[str, str | int | float] = {"device": why.removeprefix("device "), "threads": torch.get_num_threads()}
    if device.type == "cuda":
        gpu = torch.cuda.get_device_properties(device)
        facts["gpu"] = f"{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB"
    return facts


def _there() -> list[str]:
    import torch

    there = ["cpu"]
    if torch.cuda.is_available():
        there.append("cuda")
    if torch.backends.mps.is_available():
        there.append("mps")
    return there


def has_fast_bfloat16() -> bool:
    """Whether the CPU trains faster in bfloat16 than in float32: several times with AMX, nearly twice as fast with
    AVX-512's own instructions for it (measured with tests/bench/train_bench.py); elsewhere it is slower."""
    import torch

    names = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in names)
