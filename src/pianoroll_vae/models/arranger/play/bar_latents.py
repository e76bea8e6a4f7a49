"""Latents by bar and by phrase, and which bars have the same. numpy alone."""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.ensemble import Latents

PHRASE_BARS = 4


def by_phrase(latents: Latents) -> Latents:
    """(bars, instruments, size) to (phrases, instruments, 4 · size)."""
    bars, instruments, size = latents.shape
    return np.ascontiguousarray(latents.reshape(-1, PHRASE_BARS, instruments, size).swapaxes(1, 2)).reshape(
        bars // PHRASE_BARS, instruments, PHRASE_BARS * size
    )


def by_bars(latents: Latents) -> Latents:
    """The inverse: (phrases, instruments, 4 · size) to (bars, instruments, size)."""
    phrases, instruments, size = latents.shape
    split = latents.reshape(phrases, instruments, PHRASE_BARS, size // PHRASE_BARS).swapaxes(1, 2)
    return np.ascontiguousarray(split).reshape(phrases * PHRASE_BARS, instruments, size // PHRASE_BARS)


def alike_before(latents: Latents, but: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """(bars, instruments): the last bar before with the same latent (…, size), to three digits; -1 where none is.
    Those marked in `but` (bars, instruments) are none."""
    names: list[dict[bytes, int]] = [{} for _ in range(latents.shape[1])]
    found = np.full(latents.shape[:2], -1)
    for bar, row in enumerate(np.round(latents, 3)):
        for instrument, latent in enumerate(row):
            found[bar, instrument] = names[instrument].get(latent.tobytes(), -1)
            if but is None or not but[bar, instrument]:
                names[instrument][latent.tobytes()] = bar
    return found
