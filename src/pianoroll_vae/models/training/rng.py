"""Random numbers of training: a generator for each seed and purpose, so that no draw depends on the draws before."""

from hashlib import sha256

import torch


def derived_seed(seed: int, *purpose: str | int) -> int:
    """A seed for one purpose, such as ("guitar", "order", 3)."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(sha256(text.encode()).digest()[:8], "little") >> 1


def rng_for(seed: int, *purpose: str | int) -> torch.Generator:
    return torch.Generator().manual_seed(derived_seed(seed, *purpose))
