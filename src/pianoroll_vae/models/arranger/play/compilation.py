"""Compiles the loops that play before they are needed, and reports whether that takes time.

Numba keeps what it compiled on disk, so only the first command on a machine compiles.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba.core import event

from pianoroll_vae.models.arranger.play.decoding import decode_until_done, empty_batch
from pianoroll_vae.models.arranger.play.transformer import forward_tokens
from pianoroll_vae.models.arranger.play.weights import PlayWeights, gelu, matvec
from pianoroll_vae.models.arranger.sampling import SAMPLING_LIMITS, sample


def compile_loops(weights: PlayWeights, on_compilation: Callable[[], object]) -> None:
    """Compile all loops, or read them from the disk; `on_compilation` is called before the first is compiled."""
    decoder = weights.decoder
    batch = empty_batch(1, decoder.depth, decoder.heads, decoder.width, decoder.context)
    none, nothing = np.zeros(0, np.int64), np.zeros((0, decoder.width), np.float32)
    with event.install_listener("numba:compile", _Compilations(on_compilation)):
        sample(np.zeros(1, np.float32), 1.0, np.random.default_rng(0))
        gelu(matvec(np.zeros((1, 1), np.uint32), np.zeros(2, np.float32)))
        forward_tokens(decoder.layers, batch.kv_cache, decoder.frequencies, none, nothing, none)
        decode_until_done(decoder.layers, weights.decoder_weights, SAMPLING_LIMITS, batch)


class _Compilations(event.Listener):
    """Calls a function when the first compilation begins."""

    def __init__(self, on_first: Callable[[], object]) -> None:
        self.on_first: Callable[[], object] | None = on_first

    def on_start(self, event: Any) -> None:
        if self.on_first:
            on_first, self.on_first = self.on_first, None
            on_first()

    def on_end(self, event: Any) -> None:
        pass
