"""The processes that train together under torchrun: who I am, which part of a batch is mine, and sums over all of us.

Every random number belongs to a sample's place in the whole batch, so N processes compute what one would. Without
torchrun there is one rank and every sum is the value itself. Knows nothing of what is trained.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed


@dataclass(frozen=True)
class Ranks:
    """`rank` of `size` processes; the first one writes and speaks."""

    rank: int = 0
    size: int = 1

    @property
    def first(self) -> bool:
        return self.rank == 0

    def mine(self, batch: Tensor) -> Tensor:
        """This process' part of (instruments, batch, …): every size-th sample."""
        return batch if self.size == 1 else batch[:, self.rank :: self.size]

    def sum_(self, tensor: Tensor) -> Tensor:
        """Sum over all processes, in place."""
        if self.size > 1:
            distributed.all_reduce(tensor)
        return tensor

    def wait(self) -> None:
        """Until every process has come this far."""
        if self.size > 1:
            distributed.barrier()


def local_device(device: torch.device) -> torch.device:
    """One GPU a process where several are on a node."""
    if device.type == "cuda" and "LOCAL_RANK" in os.environ:
        return torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    return device


@contextmanager
def joined(device: torch.device) -> Iterator[Ranks]:
    """The processes torchrun started, gloo on the CPU and nccl on GPUs; a single one where it did not."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Ranks()
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()
