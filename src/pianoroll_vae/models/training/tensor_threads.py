"""Runs independent tensor computations in a few threads, each with its share of the cores.

Instruments' networks are independent, so two cores train two of them without synchronising, where two cores on one
matrix product synchronise a thousand times a second.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from pianoroll_vae.models.training.threads import run_in_threads


def run_tensors_in_threads(iterators: Sequence[Iterator[None]], threads: int | None = None) -> None:
    """As `run_in_threads`, without gradients and denormal numbers. threads: by default as many as cores."""
    cores = torch.get_num_threads()
    threads = max(1, min(threads or cores, len(iterators)))

    @contextmanager
    def share_of_cores() -> Iterator[None]:
        torch.set_num_threads(max(1, cores // threads))
        torch.set_flush_denormal(True)
        with torch.no_grad():
            yield

    try:
        run_in_threads(iterators, threads, share_of_cores)
    finally:
        torch.set_num_threads(cores)
