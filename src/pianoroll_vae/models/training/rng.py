"""Where every random number of training comes from: a seed and a purpose, so that nothing depends on history."""

from hashlib import sha256

import torch


def derived_seed(seed: int, *purpose: str | int) -> int:
    """A seed for one purpose: ("guitar", "order", 3) of seed 0 is the same wherever and whenever it is asked for."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(sha256(text.encode()).digest()[:8], "little") >> 1


def rng_for(seed: int, *purpose: str | int) -> torch.Generator:
    return torch.Generator().manual_seed(derived_seed(seed, *purpose))
