"""Devices are named with a reason and refused with a hint; batches are halved until they fit."""

import pytest
import torch

from pianoroll_vae.errors import DeviceUnavailable, SettingInvalid
from pianoroll_vae.models.training.device import choose_device, with_a_batch_that_fits


def holding(most: int, tried: list[int]) -> str:
    """What a GPU that holds `most` samples makes of the first batch size that it can take."""

    def trial(batch_size: int) -> str:
        tried.append(batch_size)
        if batch_size > most:
            raise torch.OutOfMemoryError(f"{batch_size} samples do not fit")
        return f"a trainer of {batch_size}"

    notices: list[str] = []
    made = with_a_batch_that_fits(trial, 100, notices.append)
    halved = [f"the batch is halved to {size}: the GPU's memory is too small for more" for size in tried[1:]]
    assert notices == halved
    return made


@pytest.mark.parametrize(
    ("most", "asked_for"), [(100, [100]), (99, [100, 50]), (12, [100, 50, 25, 12]), (1, [100, 50, 25, 12, 6, 3, 1])]
)
def test_a_batch_is_halved_until_it_fits_with_a_notice_each_time(most: int, asked_for: list[int]) -> None:
    tried: list[int] = []
    assert holding(most, tried) == f"a trainer of {asked_for[-1]}"
    assert tried == asked_for


def test_a_single_sample_that_does_not_fit_is_out_of_memory() -> None:
    tried: list[int] = []
    with pytest.raises(torch.OutOfMemoryError, match="1 samples do not fit"):
        holding(0, tried)
    assert tried[-1] == 1


def test_the_memory_of_a_failed_trial_is_free_before_the_next() -> None:
    alive: list[int] = []

    class Memory:
        def __init__(self) -> None:
            alive.append(1)

        def __del__(self) -> None:
            alive.pop()

    def trial(batch_size: int) -> int:
        assert not alive, "the memory of the trial before is still taken"
        taken = Memory()
        if batch_size > 2:
            raise torch.OutOfMemoryError("no room")
        del taken
        return batch_size

    assert with_a_batch_that_fits(trial, 8, lambda text: None) == 2


def test_other_errors_of_a_trial_are_raised() -> None:
    def trial(batch_size: int) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        with_a_batch_that_fits(trial, 8, lambda text: None)


def test_auto_names_a_device_and_the_reason() -> None:
    device, why = choose_device("auto")
    assert why.startswith(f"device {device.type}: ")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_an_absent_device_is_refused_with_a_hint() -> None:
    with pytest.raises(DeviceUnavailable, match="'cuda' is not on this machine") as caught:
        choose_device("cuda")
    assert "PyTorch" in caught.value.hint
    with pytest.raises(SettingInvalid, match="no device 'cudo'") as wrong:
        choose_device("cudo")
    assert "cuda" in wrong.value.hint
