"""Chooses the device to compute on with the reason for it; halves batches that do not fit into its memory."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from pianoroll_vae.errors import DeviceUnavailable, SettingInvalid, suggest

if TYPE_CHECKING:
    import torch

    from pianoroll_vae.models.training.settings import TrainingSettings

Result = TypeVar("Result")
FittingTrainer = TypeVar("FittingTrainer", bound="SizedTrainer")

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose_device(name: str) -> tuple["torch.device", str]:
    """The device and a sentence with the reason for it. `cuda:1` names one of several GPUs."""
    import torch

    kind = name.partition(":")[0]
    if kind not in DEVICES:
        raise SettingInvalid(f"There is no device '{name}'.", suggest(kind, DEVICES))
    available = _available()
    if name == "auto":
        best = next(kind for kind in ("cuda", "mps", "cpu") if kind in available)
        why = "the fastest that is here" if best != "cpu" else "no GPU that PyTorch can use is here"
        return torch.device(best), f"device {best}: {why}"
    if kind not in available:
        hint = (
            "PyTorch has no CUDA here: install another build, make install TORCH=cu130."
            if kind == "cuda"
            else "Use --device auto."
        )
        raise DeviceUnavailable(f"The device '{name}' is not on this machine.", hint)
    try:
        torch.empty(1, device=name)
    except RuntimeError:
        raise DeviceUnavailable(f"The device '{name}' does not answer.", "Use --device auto.") from None
    return torch.device(name), f"device {name}: given"


def with_a_batch_that_fits(trial: Callable[[int], Result], batch_size: int, notice: Callable[[str], None]) -> Result:
    """`trial(batch_size)`; while that raises torch.OutOfMemoryError, with half the batch size and one notice each time.

    Where a batch of one sample does not fit, its torch.OutOfMemoryError.
    """
    import torch

    while True:
        try:
            return trial(batch_size)
        except torch.OutOfMemoryError:
            if batch_size == 1:
                raise
        batch_size //= 2  # outside the except clause, whose error keeps the tensors of the trial alive
        notice(f"the batch is halved to {batch_size}: the GPU's memory is too small for more")


class SizedTrainer(Protocol):
    """A trainer that can try whether a batch fits into the device's memory."""

    def refuse_if_too_large(self) -> None: ...


def trainer_that_fits(
    make: Callable[["TrainingSettings"], FittingTrainer],
    settings: "TrainingSettings",
    device: "torch.device",
    notice: Callable[[str], None],
) -> FittingTrainer:
    """`make(settings)`, with a smaller batch where the memory of a GPU cannot hold one of that size."""
    import torch

    def trial(batch_size: int) -> FittingTrainer:
        trainer = make(replace(settings, batch_size=batch_size))
        if device.type != "cpu":
            trainer.refuse_if_too_large()
        return trainer

    try:
        return with_a_batch_that_fits(trial, settings.batch_size, notice)
    except torch.OutOfMemoryError:
        raise DeviceUnavailable(
            "The GPU's memory is too small for this dataset.", "Train on the CPU (--device cpu), or on fewer songs."
        ) from None


def autocast(device: "torch.device", precision: "torch.dtype") -> AbstractContextManager[object]:
    """Matrix products in `precision`, float32 or bfloat16."""
    import torch

    return nullcontext() if precision == torch.float32 else torch.autocast(device.type, precision)


def describe_device() -> dict[str, str | int | float]:
    """The device that `auto` takes, its name and memory, and the number of PyTorch's threads."""
    import torch

    device, why = choose_device("auto")
    facts: dict[str, str | int | float] = {"device": why.removeprefix("device "), "threads": torch.get_num_threads()}
    if device.type == "cuda":
        gpu = torch.cuda.get_device_properties(device)
        facts["gpu"] = f"{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB"
    return facts


def has_fast_bfloat16() -> bool:
    """Whether the CPU has instructions for bfloat16 (AMX or AVX-512 BF16); without them float32 is faster."""
    import torch

    names = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in names)


def _available() -> list[str]:
    import torch

    available = ["cpu"]
    if torch.cuda.is_available():
        available.append("cuda")
    if torch.backends.mps.is_available():
        available.append("mps")
    return available
