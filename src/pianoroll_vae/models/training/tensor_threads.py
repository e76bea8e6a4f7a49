"""Pieces of work with tensors that take turns, each thread with its share of the cores.

One instrument's network needs nothing of another's, so two cores train two of them without ever waiting for each
other, where two cores on one matrix product would meet a thousand times a second. Knows nothing of the work.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from pianoroll_vae.models.threads import run_in_threads


def run_tensors_in_threads(pieces: Sequence[Iterator[None]], threads: int | None = None) -> None:
    """As `run_in_threads`, without gradients and without numbers that are all but zero; threads: as many as cores."""
    cores = torch.get_num_threads()
    threads = max(1, min(threads or cores, len(pieces)))

    @contextmanager
    def share_of_cores() -> Iterator[None]:
        torch.set_num_threads(max(1, cores // threads))
        torch.set_flush_denormal(True)
        with torch.no_grad():
            yield

    try:
        run_in_threads(pieces, threads, share_of_cores)
    finally:
        torch.set_num_threads(cores)
