"""Latents by bar and by phrase of four bars, and which bars have the same latent."""

import numpy as np
from numpy.typing import NDArray

from pianoroll_vae.models.ensemble import Latents
from pianoroll_vae.music.phrases import PHRASE_BARS


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


def same_before(latents: Latents, ignore: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """(bars, instruments): the last earlier bar with the same latent (…, size) to three digits; -1: none.

    ignore: (bars, instruments), bars that are never found.
    """
    last_bar: list[dict[bytes, int]] = [{} for _ in range(latents.shape[1])]
    found = np.full(latents.shape[:2], -1)
    for bar, row in enumerate(np.round(latents, 3)):
        for instrument, latent in enumerate(row):
            found[bar, instrument] = last_bar[instrument].get(latent.tobytes(), -1)
            if ignore is None or not ignore[bar, instrument]:
                last_bar[instrument][latent.tobytes()] = bar
    return found
